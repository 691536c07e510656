using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Acceptance.SignIn;

/// <summary>What a browser does with the answers of two servers: it keeps cookies, follows redirects, and fills in forms.</summary>
internal sealed partial class WebBrowser : IDisposable
{
    private const int StepsMax = 20;

    private static int s_last;

    // At an address of its own: sign-ins are counted by it.
    private readonly IPEndPoint _from = new(new IPAddress([127, 0, 1, (byte)Interlocked.Increment(ref s_last)]), 0);
    private readonly HttpClient _http;

    public WebBrowser() => _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer(), ConnectCallback = ConnectAsync });

    public void Dispose() => _http.Dispose();

    /// <summary>Goes somewhere, and no further.</summary>
    public Task<HttpResponseMessage> Open(Uri address) => _http.GetAsync(address);

    /// <summary>Sends a request as a page of the server's own would.</summary>
    public Task<HttpResponseMessage> Send(HttpRequestMessage request) => _http.SendAsync(request);

    /// <summary>
    /// Goes to the provider and through its pages, as <paramref name="login"/>, until it sends the browser back.
    /// </summary>
    /// <param name="address">Where to go.</param>
    /// <param name="login">Who signs in; null: somebody who changes his mind.</param>
    /// <returns>The address that it sends the browser to, which was not opened.</returns>
    public async Task<Uri> PassProvider(Uri address, string? login)
    {
        var provider = address.Authority;
        var response = await _http.GetAsync(address);
        for (var i = 0; i < StepsMax; i++)
        {
            if (response.Headers.Location is { } location)
            {
                address = new(address, location);
                if (address.Authority != provider)
                {
                    return address;
                }

                response.Dispose();
                response = await _http.GetAsync(address);
                continue;
            }

            var page = await response.Content.ReadAsStringAsync();
            Assert.True(response.StatusCode == HttpStatusCode.OK, page);
            response.Dispose();
            if (login is null)
            {
                address = new(address, CancelLink().Match(page).Groups[1].Value);
                response = await _http.GetAsync(address);
                continue;
            }

            address = new(address, FormAction().Match(page).Groups[1].Value);
            using var form = new FormUrlEncodedContent(new Dictionary<string, string>
            {
                ["prompt"] = PromptField().Match(page).Groups[1].Value,
                ["login"] = login,
                ["password"] = "any",
            });
            response = await _http.PostAsync(address, form);
        }

        throw new InvalidOperationException($"The provider leads around in circles; the last of them is {address}.");
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        var socket = new Socket(_from.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Bind(_from);
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, context.DnsEndPoint.Port), cancel);
        return new NetworkStream(socket, ownsSocket: true);
    }

    [GeneratedRegex("<form [^>]*action=\"([^\"]*)\"")]
    private static partial Regex FormAction();

    [GeneratedRegex("name=\"prompt\" value=\"([^\"]*)\"")]
    private static partial Regex PromptField();

    [GeneratedRegex("<a href=\"([^\"]*)\">\\[ Cancel")]
    private static partial Regex CancelLink();
}
