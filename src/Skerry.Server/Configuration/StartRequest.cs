namespace Skerry.Server.Configuration;

/// <summary>What a start of <c>skerry</c> was asked to do.</summary>
/// <param name="Options">The settings; only to be used when there are no errors.</param>
/// <param name="Errors">Every configuration error, one line each, in the order of the sources.</param>
/// <param name="ShowHelp">Print the help and end.</param>
/// <param name="ShowVersion">Print the version and end.</param>
internal sealed record StartRequest(SkerryServerOptions Options, IReadOnlyList<string> Errors, bool ShowHelp, bool ShowVersion);
