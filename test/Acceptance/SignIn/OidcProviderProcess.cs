using System.Diagnostics;
using Acceptance.Repository;

namespace Acceptance.SignIn;

/// <summary>The <c>oidc-provider</c> package from npm, as it is, in a process of its own.</summary>
internal sealed class OidcProviderProcess : IDisposable
{
    public const string ClientId = "skerry tests";

    // With characters that are encoded on their way.
    public const string ClientSecret = "a secret: 100% for tests & nothing else+";

    private readonly Process _process;

    private OidcProviderProcess(Process process, string issuer) => (_process, Issuer) = (process, issuer);

    public string Issuer { get; }

    public static async Task<OidcProviderProcess> StartAsync(params string[] redirectUris)
    {
        var start = new ProcessStartInfo("node",
        [
            Path.Combine(RepositoryRoot.Path, "test", "Acceptance", "SignIn", "provider.mjs"),
            Path.Combine(RepositoryRoot.Path, "artifacts", "tools", "oidc-provider"),
            ClientId,
            ClientSecret,
            .. redirectUris,
        ])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        var process = Process.Start(start)!;
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("http://", StringComparison.Ordinal))
            {
                return new(process, line);
            }
        }

        throw new InvalidOperationException("The provider ended instead of listening; its stderr is above.");
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
