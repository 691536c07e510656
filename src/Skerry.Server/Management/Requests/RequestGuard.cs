namespace Skerry.Server.Management.Requests;

/// <summary>Asks once more whether a request is allowed, once its body is there.</summary>
/// <param name="Ask">Throws <see cref="RequestException"/> if it is not any more.</param>
internal sealed record RequestGuard(Func<Task> Ask);
