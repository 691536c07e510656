using System.Diagnostics.CodeAnalysis;

namespace Skerry.Objects;

/// <summary>The names that clients use for jurisdictions.</summary>
public static class JurisdictionCodes
{
    /// <summary>What <see cref="TryParse"/> accepts, for error messages.</summary>
    public const string Accepted = "eu, fedramp";

    /// <summary>The name of a jurisdiction; null for <see cref="Jurisdiction.None"/>, which has none.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The jurisdiction is not defined.</exception>
    public static string? ToCode(this Jurisdiction jurisdiction) => jurisdiction switch
    {
        Jurisdiction.None => null,
        Jurisdiction.Eu => "eu",
        Jurisdiction.FedRamp => "fedramp",
        _ => throw new ArgumentOutOfRangeException(nameof(jurisdiction), jurisdiction, $"The jurisdictions are {Accepted}, or none."),
    };

    /// <summary>Parses a name, in lower case; answers false for anything else, and for null.</summary>
    public static bool TryParse([NotNullWhen(true)] string? code, out Jurisdiction jurisdiction)
    {
        jurisdiction = code switch
        {
            "eu" => Jurisdiction.Eu,
            "fedramp" => Jurisdiction.FedRamp,
            _ => Jurisdiction.None,
        };
        return jurisdiction != Jurisdiction.None;
    }
}
