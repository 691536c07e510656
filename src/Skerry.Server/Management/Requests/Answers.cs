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
            _ => (StatusCodes.Status400BadRequest, ErrorCodes.InvalidBody),
        };
        throw new RequestException(status, code, answer.Message ?? answer.Fault.ToString());
    }
}
