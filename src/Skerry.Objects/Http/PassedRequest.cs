using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Skerry.Objects.Fleet;
using Skerry.Objects.History;

namespace Skerry.Objects.Http;

/// <summary>What an object sees of a request that a passing node would change: address, route, and who sent it.</summary>
internal sealed record PassedRequest
{
    /// <summary>The header that carries it to the object's node.</summary>
    public const string Header = "Skerry-Request";

    /// <summary>The header in which that node says what its answer is: the object's, a failure, or that the object is not there.</summary>
    public const string AnswerHeader = "Skerry-Answer";

    public const string Failed = "failed";

    // Letters of other scripts are six bytes each otherwise; nothing here is part of a page.
    private static readonly JsonSerializerOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public const string NotHere = "not-here";

    public required string Scheme { get; init; }

    public required string Host { get; init; }

    public required string PathBase { get; init; }

    public required string Path { get; init; }

    public required string Query { get; init; }

    public required Dictionary<string, string?> Route { get; init; }

    /// <summary>Who sent it: address and port; null if the connection has none.</summary>
    public string? RemoteAddress { get; init; }

    public int RemotePort { get; init; }

    /// <summary>Where it came in.</summary>
    public string? LocalAddress { get; init; }

    public int LocalPort { get; init; }

    /// <summary>The certificate that the sender has shown (DER); null for none.</summary>
    public byte[]? ClientCertificate { get; init; }

    /// <summary>The callers behind the request, as text; null if it comes from outside of any object.</summary>
    public string[]? Chain { get; init; }

    /// <summary>The bookmark of the state that is wanted instead of the object's answer; null for a request to the object.</summary>
    public string? Export { get; init; }

    public static PassedRequest Of(HttpContext context, CallerLink[]? chain) => new()
    {
        Scheme = context.Request.Scheme,
        Host = context.Request.Host.Value ?? "",
        PathBase = context.Request.PathBase.Value ?? "",
        Path = context.Request.Path.Value ?? "",
        Query = context.Request.QueryString.Value ?? "",
        Route = context.Request.RouteValues.ToDictionary(static v => v.Key, static v => v.Value?.ToString()),
        RemoteAddress = context.Connection.RemoteIpAddress?.ToString(),
        RemotePort = context.Connection.RemotePort,
        LocalAddress = context.Connection.LocalIpAddress?.ToString(),
        LocalPort = context.Connection.LocalPort,
        ClientCertificate = context.Connection.ClientCertificate?.RawData,
        Export = context.Features.Get<ExportRequest>()?.Bookmark,
        Chain = chain is null ? null : [.. chain.Select(static l => l.ToText())],
    };

    private static IPAddress? AddressOf(string? text) => text is null ? null : IPAddress.Parse(text);

    /// <summary>As a header's value: ASCII whatever the path holds.</summary>
    public string ToHeader() => Convert.ToBase64String(JsonSerializer.SerializeToUtf8Bytes(this, s_json));

    /// <summary>Null if the request carries none that can be read.</summary>
    public static PassedRequest? From(HttpContext context)
    {
        try
        {
            return context.Request.Headers[Header] is [{ } text]
                ? JsonSerializer.Deserialize<PassedRequest>(Convert.FromBase64String(text))
                : null;
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Makes a request look as it did where it came in.</summary>
    public void Restore(HttpContext context)
    {
        var request = context.Request;
        if (Export is not null)
        {
            context.Features.Set(new ExportRequest(Export));
        }

        // Of the request, and not of the connection between the nodes, which others share.
        context.Features.Set<IHttpConnectionFeature>(new HttpConnectionFeature
        {
            ConnectionId = context.Connection.Id,
            RemoteIpAddress = AddressOf(RemoteAddress),
            RemotePort = RemotePort,
            LocalIpAddress = AddressOf(LocalAddress),
            LocalPort = LocalPort,
        });
        context.Features.Set<ITlsConnectionFeature>(new TlsConnectionFeature
        {
            ClientCertificate = ClientCertificate is null ? null : X509CertificateLoader.LoadCertificate(ClientCertificate),
        });
        request.Headers.Remove(Header);
        request.Scheme = Scheme;
        request.Host = new HostString(Host);
        request.PathBase = PathBase;
        request.Path = Path;
        request.QueryString = new QueryString(Query.Length == 0 ? null : Query);
        request.RouteValues.Clear();
        foreach (var (key, value) in Route)
        {
            request.RouteValues[key] = value;
        }
    }
}
