namespace Skerry.Objects.Tests.Ids;

/// <summary>Ids in the namespace <c>flights</c>, computed with OpenSSL's command line from the description of the format.</summary>
internal static class IdGolden
{
    public const string A = "00eadc9b1b0158d4561f57bb39bc961c00bddd99928535e5a0af2d430d4fea82";
    public const string Cheese = "01cd56d4a02ac51244dc60cade07e2b2c16d7e3c5e9b4dbccc5727d5e652abcc";
}
