using Skerry.Accounts;
using Skerry.Server.Management.Api;

namespace Skerry.Server.Management.Requests;

/// <summary>What answers of accounts' objects mean in HTTP.</summary>
internal static class Answers
{
    /// <summary>The value.</summary>
    /// <exception cref="RequestException">There is none; with the reason.</exception>
    public static T OrRefuse<T>(this Answer<T> answer)
        where T : class
    {
        if (answer.Value is { } value)
        {
            return value;
        }

        var (status, code) = answer.Fault switch
        {
            AccountsFault.NotFound => (StatusCodes.Status404NotFound, ErrorCodes.NoSuchResource),
            AccountsFault.TooMany => (StatusCodes.Status409Conflict, ErrorCodes.TooMany),
            AccountsFault.Changed => (StatusCodes.Status409Conflict, ErrorCodes.Changed),
            AccountsFault.Taken => (StatusCodes.Status409Conflict, ErrorCodes.Taken),
            AccountsFault.LastSuperAdministrator => (StatusCodes.Status409Conflict, ErrorCodes.LastSuperAdministrator),
            AccountsFault.NotProved => (StatusCodes.Status403Forbidden, ErrorCodes.NotProved),
            AccountsFault.CodeNeeded => (StatusCodes.Status403Forbidden, ErrorCodes.CodeNeeded),
            AccountsFault.TryLater => (StatusCodes.Status429TooManyRequests, ErrorCodes.TooManyRequests),
            _ => (StatusCodes.Status400BadRequest, ErrorCodes.InvalidBody),
        };
        throw new RequestException(status, code, answer.Message ?? answer.Fault.ToString()) { RetryAfter = answer.RetryAfter };
    }
}
