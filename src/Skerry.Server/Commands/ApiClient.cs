using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Skerry.Server.Commands;

/// <summary>Asks a node's management API.</summary>
internal sealed class ApiClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly Uri _address;
    private readonly string? _account;

    /// <summary>Makes the client; it connects when it is used.</summary>
    /// <param name="address">The node's management API.</param>
    /// <param name="token">The token.</param>
    /// <param name="account">The account, as far as it is known; else it is asked for.</param>
    public ApiClient(Uri address, string token, string? account = null)
    {
        _address = address;
        _account = account;

        // A restore, or a check of a large object, takes as long as it takes.
        _http = new(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(5) }) { Timeout = Timeout.InfiniteTimeSpan };
        _http.BaseAddress = new Uri(address, "/client/v4/");
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>The answer's <c>result</c>, and its <c>result_info</c> if it has one.</summary>
    /// <exception cref="CommandException">The node does not answer, or refuses.</exception>
    public async Task<(JsonElement Result, JsonElement? Info)> AskAsync(HttpMethod method, string path, string? body, CancellationToken cancel)
    {
        using var response = await SendAsync(method, path, body, cancel);
        await using var content = await response.Content.ReadAsStreamAsync(cancel);
        try
        {
            using var document = await JsonDocument.ParseAsync(content, default, cancel);
            return (
                document.RootElement.GetProperty("result").Clone(),
                document.RootElement.TryGetProperty("result_info", out var info) ? info.Clone() : null);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new CommandException(
                ExitCodes.NotAsked, $"{_address.GetLeftPart(UriPartial.Authority)} does not answer as a node does; name the address of a node's management API with --api-url, or its folder with --data");
        }
    }

    /// <summary>The account's own part of the paths.</summary>
    public async Task<string> AccountPathAsync(CancellationToken cancel)
    {
        if (_account is not null)
        {
            return $"accounts/{_account}";
        }

        var (accounts, _) = await AskAsync(HttpMethod.Get, "accounts", null, cancel);
        return $"accounts/{accounts[0].GetProperty("id").GetString()}";
    }

    /// <summary>A response that is a success; the caller disposes of it.</summary>
    /// <exception cref="CommandException">The node does not answer, or refuses.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? body, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        }
        catch (HttpRequestException e)
        {
            throw new CommandException(
                ExitCodes.NotAsked, $"no node answers at {_address.GetLeftPart(UriPartial.Authority)} ({e.Message.TrimEnd('.')}); start it, or name another with --api-url or --data");
        }

        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            var message = await MessageOfAsync(response, cancel);
            throw response.StatusCode == HttpStatusCode.Unauthorized
                ? new CommandException(ExitCodes.NotAsked, $"the node at {_address.GetLeftPart(UriPartial.Authority)} does not accept the token; use --data with that node's data folder, or another --token")
                : new CommandException(ExitCodes.Failed, message);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static async Task<string> MessageOfAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        try
        {
            using var document = JsonDocument.Parse(await response.Content.ReadAsStringAsync(cancel));
            return string.Join("; ", document.RootElement.GetProperty("errors").EnumerateArray().Select(static one => one.GetProperty("message").GetString()));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return $"the node answers {(int)response.StatusCode} {response.ReasonPhrase}; is that the address of its management API?";
        }
    }
}
