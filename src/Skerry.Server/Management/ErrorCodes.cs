namespace Skerry.Server.Management;

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

    /// <summary>No token, a wrong token, or one of another account.</summary>
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
