using Skerry.Accounts.Policies;

namespace Skerry.Server.Management.Access;

/// <summary>What <see cref="OperationAccess"/> says. The default is a refusal.</summary>
internal readonly struct Access
{
    private readonly Decision _decision;
    private readonly string? _reason;

    private Access(bool isAllowed, int code, string? reason, in Decision decision) => (IsAllowed, Code, _reason, _decision) = (isAllowed, code, reason, decision);

    /// <summary>Whether the call is allowed.</summary>
    public bool IsAllowed { get; }

    /// <summary>The number of the refusal; 0 if it is none.</summary>
    public int Code { get; }

    /// <summary>Why, for people; made when it is asked for, since most calls are allowed, and nobody asks why.</summary>
    public string Reason => _reason ?? _decision.ToString();

    /// <summary>The policy that decides it; null if none does.</summary>
    public string? PolicyId => _decision.PolicyId;

    /// <summary>What policies say.</summary>
    /// <param name="decision">The decision.</param>
    /// <param name="code">The number, if it is a refusal.</param>
    public static Access Of(in Decision decision, int code) => new(decision.IsAllowed, code, null, decision);

    /// <summary>Allowed without a look at policies.</summary>
    public static Access Allowed(string reason) => new(true, 0, reason, default);

    /// <summary>A refusal.</summary>
    public static Access Refused(int code, string reason) => new(false, code, reason, default);
}
