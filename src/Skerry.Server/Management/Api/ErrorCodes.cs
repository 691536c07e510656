namespace Skerry.Server.Management.Api;

/// <summary>The numbers in the API's errors. Those below 100,000 are the public API's own.</summary>
internal static class ErrorCodes
{
    /// <summary>The token given to <c>/user/tokens/verify</c> is not one of this node's.</summary>
    public const int InvalidToken = 1000;

    /// <summary>No such route.</summary>
    public const int NoRoute = 7000;

    /// <summary>The route exists, but not for this method.</summary>
    public const int MethodNotAllowed = 7001;

    /// <summary>An identifier in the path is malformed or names nothing.</summary>
    public const int NoSuchResource = 7003;

    /// <summary>Too many requests.</summary>
    public const int TooManyRequests = 971;

    /// <summary>The token is none that may be used here: an account's token where a user is meant.</summary>
    public const int AccountToken = 9109;

    /// <summary>The token is disabled, expired, not valid yet, or may not be used from the caller's address.</summary>
    public const int TokenNotUsable = 1001;

    /// <summary>The body is malformed, or a field of it is not accepted.</summary>
    public const int InvalidBody = 1004;

    /// <summary>What is to be made or changed would be stronger than the token that asks for it.</summary>
    public const int Escalation = 1008;

    /// <summary>There are as many as there may be.</summary>
    public const int TooMany = 1009;

    /// <summary>It was changed since the version that the request names.</summary>
    public const int Changed = 1011;

    /// <summary>Somebody has it already, such as an e-mail address.</summary>
    public const int Taken = 1012;

    /// <summary>The last super administrator of an account can neither go nor be made weaker.</summary>
    public const int LastSuperAdministrator = 1013;

    /// <summary>Who it is was not proved: the e-mail address, the password or the code is wrong. Which is not said.</summary>
    public const int NotProved = 1014;

    /// <summary>The password is right, and a code of the second factor is needed besides.</summary>
    public const int CodeNeeded = 1015;

    /// <summary>An idempotency key was used with another body.</summary>
    public const int KeyReused = 1016;

    /// <summary>The body is larger than what is accepted.</summary>
    public const int BodyTooLarge = 10013;

    /// <summary>No token, a wrong token, or one that may not do this.</summary>
    public const int Authentication = 10000;

    /// <summary>A browser sent the request for another site's page.</summary>
    public const int ForeignSite = 10002;

    /// <summary>A query parameter is malformed.</summary>
    public const int InvalidParameter = 10021;

    /// <summary>The server failed; the details are in its log.</summary>
    public const int Internal = 10001;

    /// <summary>An object, or the bucket, cannot be had now. Not one of the public API's.</summary>
    public const int Unavailable = 100_001;
}
