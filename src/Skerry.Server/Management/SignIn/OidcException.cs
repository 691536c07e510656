namespace Skerry.Server.Management.SignIn;

/// <summary>A sign-in by the provider that did not come to an end.</summary>
/// <param name="message">What people are told of it.</param>
/// <param name="inner">What operators are told, where it is the provider's fault or ours; null: it is the browser's.</param>
internal sealed class OidcException(string message, Exception? inner = null) : Exception(message, inner);
