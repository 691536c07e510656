using System.Net.Http.Headers;
using Skerry.Server.Configuration;
using Skerry.Server.Credentials;
using Skerry.Server.Hosting;

namespace Skerry.Server.Tests;

/// <summary>A whole server in this process, on ports of its own and a folder of its own.</summary>
public sealed class RunningHost : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("skerry-host-");
    private SkerryHost? _host;

    /// <summary>Talks to the management listener with the owner's token.</summary>
    public HttpClient Api { get; } = new();

    /// <summary>Talks to the management listener without a token.</summary>
    public HttpClient Anonymous { get; } = new();

    public HttpClient Gateway { get; } = new();

    public string DataFolder => _folder.FullName;

    public string AccountId => Credentials.AccountId!;

    internal SkerryHost Host => _host!;

    internal NodeCredentials Credentials { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await SkerryHost.StartAsync(new()
        {
            DataFolder = _folder.FullName,
            ApiUrl = ListenUrl.Loopback(0),
            GatewayUrl = ListenUrl.Loopback(0),
        });
        Credentials = CredentialsFile.Load(_folder.FullName)!;
        Api.BaseAddress = Anonymous.BaseAddress = new(_host.ApiUrl);
        Gateway.BaseAddress = new(_host.GatewayUrl);
        Api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Credentials.ApiToken);
    }

    public async ValueTask DisposeAsync()
    {
        Api.Dispose();
        Anonymous.Dispose();
        Gateway.Dispose();
        if (_host is not null)
        {
            await _host.StopAsync();
            await _host.DisposeAsync();
        }

        _folder.Delete(recursive: true);
    }
}
