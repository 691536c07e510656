using System.Globalization;
using Skerry.Server.Management.Api;

namespace Skerry.Server.Management.Requests;

/// <summary>Reads query parameters.</summary>
internal static class Query
{
    /// <summary>A whole number, or <paramref name="otherwise"/> if it is left out.</summary>
    /// <exception cref="RequestException">It is not one that is accepted.</exception>
    public static int Whole(HttpContext http, string name, int otherwise, int min, int max)
    {
        if (!http.Request.Query.TryGetValue(name, out var text))
        {
            return otherwise;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max
            ? value
            : throw NotAccepted(name, text, $"a whole number from {min} to {max}");
    }

    /// <summary>A moment, such as <c>2026-01-31T12:00:00Z</c> or <c>2026-01-31</c>; null if it is left out.</summary>
    /// <exception cref="RequestException">It is none.</exception>
    public static DateTimeOffset? Time(HttpContext http, string name)
    {
        if (http.Request.Query[name].ToString() is not { Length: > 0 } text)
        {
            return null;
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : throw NotAccepted(name, text, "a time such as 2026-01-31T12:00:00Z");
    }

    /// <summary>One of several words; null if it is left out.</summary>
    /// <exception cref="RequestException">It is none of them.</exception>
    public static string? Word(HttpContext http, string name, params ReadOnlySpan<string> accepted)
    {
        var text = http.Request.Query[name].ToString();
        return text.Length == 0 ? null
            : accepted.Contains(text) ? text
            : throw NotAccepted(name, text, string.Join(" or ", accepted.ToArray()));
    }

    /// <summary>A text; null if it is left out.</summary>
    public static string? Text(HttpContext http, string name) => http.Request.Query[name].ToString() is { Length: > 0 } text ? text : null;

    /// <summary>Why a parameter is refused.</summary>
    public static RequestException NotAccepted(string name, string? value, string accepted) => new(
        StatusCodes.Status400BadRequest,
        [new(ErrorCodes.InvalidParameter, $"{name}: \"{Short(value)}\" is not accepted; accepted is {accepted}.", new(Parameter: name))]);

    private static string Short(string? value) => value is { Length: > 100 } ? value[..100] + "…" : value ?? "";
}
