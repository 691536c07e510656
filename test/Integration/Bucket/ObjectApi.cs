using System.Net.Http.Json;
using System.Text.Json;
using Integration.Fleet;

namespace Integration.Bucket;

/// <summary>What the management API of a node says of single objects.</summary>
internal sealed class ObjectApi : IDisposable
{
    private readonly HttpClient _http;
    private string? _flights;

    private ObjectApi(HttpClient http)
    {
        _http = http;
        _http.Timeout = Waiting.Bound;
    }

    public static async Task<ObjectApi> OfAsync(SkerryNode node) => new(await node.NewApiClientAsync());

    /// <summary>The health that operators see: its status code and body.</summary>
    public async Task<(int Code, JsonElement Body)> HealthAsync()
    {
        using var answer = await _http.GetAsync("/health");
        return ((int)answer.StatusCode, await answer.Content.ReadFromJsonAsync<JsonElement>());
    }

    /// <summary>Proves everything that is kept of a flight; answers what is damaged.</summary>
    public async Task<IReadOnlyList<string>> VerifyAsync(string flight)
    {
        using var answer = await _http.PostAsync($"{await ObjectsAsync()}/name:{flight}/verify", null);
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>();
        Assert.True(answer.IsSuccessStatusCode, body.ToString());
        return [.. body.GetProperty("result").GetProperty("damage").EnumerateArray().Select(static one => one.GetString()!)];
    }

    private async Task<string> ObjectsAsync()
    {
        if (_flights is null)
        {
            var all = await _http.GetFromJsonAsync<JsonElement>("workers/durable_objects/namespaces");
            var id = all.GetProperty("result").EnumerateArray().Single(static one => one.GetProperty("name").GetString() == "flight").GetProperty("id").GetString();
            _flights = $"workers/durable_objects/namespaces/{id}/objects";
        }

        return _flights;
    }

    public void Dispose() => _http.Dispose();
}
