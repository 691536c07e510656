using System.Net;
using System.Text.Json;

namespace Skerry.Server.Tests;

/// <summary>An HTTP answer with its JSON body.</summary>
public sealed record JsonAnswer(HttpStatusCode Status, JsonElement Body)
{
    /// <summary>The code of the one error, as text.</summary>
    public string ErrorCode => Assert.Single(Body.GetProperty("errors").EnumerateArray()).GetProperty("code").ToString();

    public static async Task<JsonAnswer> Of(Task<HttpResponseMessage> request)
    {
        using var response = await request;
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        return new(response.StatusCode, JsonElement.Parse(await response.Content.ReadAsStringAsync()));
    }
}
