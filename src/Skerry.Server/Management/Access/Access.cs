namespace Skerry.Server.Management.Access;

/// <summary>What <see cref="OperationAccess"/> says. The default is a refusal.</summary>
internal readonly struct Access
{
    private readonly Func<string>? _reason;

    /// <summary>With a reason that is made when it is asked for: most calls are allowed, and nobody asks why.</summary>
    public Access(bool isAllowed, int code, Func<string> reason, string? policyId) => (IsAllowed, Code, _reason, PolicyId) = (isAllowed, code, reason, policyId);

    /// <summary>With a reason.</summary>
    public Access(bool isAllowed, int code, string reason, string? policyId)
        : this(isAllowed, code, () => reason, policyId)
    {
    }

    /// <summary>Whether the call is allowed.</summary>
    public bool IsAllowed { get; }

    /// <summary>The number of the refusal; 0 if it is none.</summary>
    public int Code { get; }

    /// <summary>Why, for people.</summary>
    public string Reason => _reason?.Invoke() ?? "Nobody has decided it.";

    /// <summary>The policy that decides it; null if none does.</summary>
    public string? PolicyId { get; }

    /// <summary>A refusal.</summary>
    public static Access Refused(int code, string reason) => new(false, code, reason, null);
}
