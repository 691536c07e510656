using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Skerry.Accounts.Permissions;

namespace Skerry.Server.Tests.Management;

/// <summary>Somebody who calls the management API with one token.</summary>
public sealed class ApiUser : IDisposable
{
    private readonly HttpClient _http;

    public ApiUser(RunningHost host, string token)
    {
        ArgumentNullException.ThrowIfNull(host);
        (Account, Value) = (host.AccountId, token);
        _http = new HttpClient { BaseAddress = new(host.Host.ApiUrl + "/client/v4/") };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>The account that the paths are about.</summary>
    public string Account { get; }

    /// <summary>The token's value.</summary>
    public string Value { get; }

    public string Tokens => $"accounts/{Account}/tokens";

    public void Dispose() => _http.Dispose();

    public Task<JsonAnswer> Get(string path) => JsonAnswer.Of(_http.GetAsync(new Uri(path, UriKind.Relative)));

    public Task<JsonAnswer> Post(string path, object body) => JsonAnswer.Of(_http.PostAsJsonAsync(path, body));

    public Task<JsonAnswer> Put(string path, object body) => JsonAnswer.Of(_http.PutAsJsonAsync(path, body));

    public Task<JsonAnswer> Delete(string path) => JsonAnswer.Of(_http.DeleteAsync(new Uri(path, UriKind.Relative)));

    public Task<HttpResponseMessage> Send(HttpMethod method, string path, HttpContent? content = null, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method, path) { Content = content };
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return _http.SendAsync(request);
    }

    /// <summary>Makes a token that the account owns; answers it as the API does.</summary>
    public async Task<JsonElement> Make(object settings)
    {
        var made = await Post(Tokens, settings);
        Assert.True(made.Status == HttpStatusCode.OK, made.Body.ToString());
        return made.Body.GetProperty("result");
    }

    /// <summary>What a token is made with that may do what some permission groups allow in the account.</summary>
    public Dictionary<string, object> Settings(string name, params string[] groups) => new()
    {
        ["name"] = name,
        ["policies"] = new[] { Policy("allow", $"com.cloudflare.api.account.{Account}", groups) },
    };

    public static object Policy(string effect, string resource, params string[] groups) => new
    {
        effect,
        permission_groups = groups.Select(static one => new { id = PermissionGroups.FindByName(one)!.Id }),
        resources = new Dictionary<string, string> { [resource] = "*" },
    };
}
