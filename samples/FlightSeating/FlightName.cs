namespace FlightSeating;

/// <summary>The names that a flight may have.</summary>
internal static class FlightName
{
    /// <summary>1 to 16 letters, digits and hyphens of ASCII. Upper and lower case are different flights.</summary>
    public static bool IsValid(string name)
    {
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '-')
            {
                return false;
            }
        }

        return name.Length is >= 1 and <= 16;
    }
}
