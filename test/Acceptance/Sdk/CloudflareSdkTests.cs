using System.Diagnostics;
using System.Text.Json;
using Acceptance.Repository;
using Acceptance.SeatMap;

namespace Acceptance.Sdk;

/// <summary>The <c>cloudflare</c> package from npm, as it is, against a node that runs.</summary>
public sealed class CloudflareSdkTests(SkerryNode node) : IClassFixture<SkerryNode>
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task It_drives_tokens_members_roles_memberships_and_the_audit_log()
    {
        var credentials = JsonElement.Parse(await File.ReadAllTextAsync(Path.Combine(node.Data, "credentials.json")));
        var start = new ProcessStartInfo("node",
        [
            Path.Combine(RepositoryRoot.Path, "test", "Acceptance", "Sdk", "accounts.mjs"),
            Path.Combine(RepositoryRoot.Path, "artifacts", "tools", "cloudflare"),
            $"{node.ApiUrl}/client/v4",
            credentials.GetProperty("api_token").GetString()!,
            credentials.GetProperty("account_id").GetString()!,
        ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var script = Process.Start(start)!;
        var (output, errors) = (script.StandardOutput.ReadToEndAsync(), script.StandardError.ReadToEndAsync());
        await script.WaitForExitAsync().WaitAsync(Patience);
        Assert.True(script.ExitCode == 0, await errors);
        Assert.Equal("all of it\n", await output);
    }
}
