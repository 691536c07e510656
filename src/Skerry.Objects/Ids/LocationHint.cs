namespace Skerry.Objects;

/// <summary>
/// Where a caller would like an object to be. Best effort, and only the first call that reaches an object counts.
/// </summary>
public enum LocationHint
{
    /// <summary>Western North America (<c>wnam</c>).</summary>
    WesternNorthAmerica,

    /// <summary>Eastern North America (<c>enam</c>).</summary>
    EasternNorthAmerica,

    /// <summary>South America (<c>sam</c>).</summary>
    SouthAmerica,

    /// <summary>Western Europe (<c>weur</c>).</summary>
    WesternEurope,

    /// <summary>Eastern Europe (<c>eeur</c>).</summary>
    EasternEurope,

    /// <summary>Asia-Pacific (<c>apac</c>).</summary>
    AsiaPacific,

    /// <summary>Oceania (<c>oc</c>).</summary>
    Oceania,

    /// <summary>Africa (<c>afr</c>).</summary>
    Africa,

    /// <summary>The Middle East (<c>me</c>).</summary>
    MiddleEast,
}
