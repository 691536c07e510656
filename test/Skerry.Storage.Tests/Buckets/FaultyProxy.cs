using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Skerry.Storage.Tests.Buckets;

/// <summary>What the proxy does with a request.</summary>
public abstract record ProxyFault
{
    /// <summary>The server gets it, the client gets the answer.</summary>
    public sealed record None : ProxyFault;

    /// <summary>The server does not get it; the client gets this answer.</summary>
    public sealed record Answer(int Status, string Code, string ContentType = "application/xml") : ProxyFault;

    /// <summary>The server gets it and does it; the client gets this answer instead.</summary>
    public sealed record AnswerAfter(int Status, string Code) : ProxyFault;

    /// <summary>The server does not get it; the client hears nothing, as long as it waits.</summary>
    public sealed record Hang : ProxyFault;

    /// <summary>The server does not get it; the connection is cut.</summary>
    public sealed record CutBefore : ProxyFault;

    /// <summary>The server gets it and does it; the connection is cut before the answer.</summary>
    public sealed record CutAfter : ProxyFault;

    /// <summary>The connection is cut when so many bytes of the answer have come.</summary>
    public sealed record CutAnswer(int Bytes) : ProxyFault;

    /// <summary>The connection is cut; the server gets the request only with the next one of <see cref="Overtaken"/>.</summary>
    public sealed record Delay : ProxyFault;

    /// <summary>What was delayed reaches the server just before this one.</summary>
    public sealed record Overtaken : ProxyFault;

    /// <summary>The test itself answers.</summary>
    public sealed record Serve(Func<HttpContext, Task> With) : ProxyFault;
}

/// <summary>Stands between a client and a real server, and does to requests what networks and bad servers do.</summary>
public sealed class FaultyProxy : IAsyncLifetime
{
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = Timeout.InfiniteTimeSpan };
    private readonly CancellationTokenSource _end = new();
    private readonly string _server;
    private readonly WebApplication _app;
    private HttpRequestMessage? _delayed;

    public FaultyProxy(string server)
    {
        _server = server;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0").ConfigureKestrel(static o => o.Limits.MaxRequestBodySize = null);
        builder.Logging.SetMinimumLevel(LogLevel.None);
        _app = builder.Build();
        _app.Run(ServeAsync);
    }

    public string Endpoint => _app.Urls.First();

    /// <summary>Decides for each request; called one at a time.</summary>
    public Func<HttpRequest, ProxyFault> Decide { get; set; } = static _ => new ProxyFault.None();

    /// <summary>The requests that came, as method, path and query.</summary>
    public List<string> Requests { get; } = [];

    /// <summary>Treats the next requests of a method like this, and all others well.</summary>
    public void Next(string method, params ProxyFault[] faults)
    {
        var left = new Queue<ProxyFault>(faults);
        Decide = request => request.Method == method && left.TryDequeue(out var fault) ? fault : new ProxyFault.None();
    }

    public async ValueTask InitializeAsync() => await _app.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _app.DisposeAsync();
        _delayed?.Dispose();
        _client.Dispose();
        _end.Dispose();
    }

    private async Task ServeAsync(HttpContext context)
    {
        ProxyFault fault;
        lock (Requests)
        {
            Requests.Add($"{context.Request.Method} {Target(context)}");
            fault = Decide(context.Request);
        }

        switch (fault)
        {
            case ProxyFault.Hang:
                await Task.Delay(Timeout.Infinite, CancellationTokenSource.CreateLinkedTokenSource(_end.Token, context.RequestAborted).Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                context.Abort();
                return;
            case ProxyFault.CutBefore:
                context.Abort();
                return;
            case ProxyFault.Answer answer:
                await context.Request.Body.CopyToAsync(Stream.Null);
                await AnswerAsync(context.Response, answer.Status, answer.Code, answer.ContentType);
                return;
            case ProxyFault.Serve serve:
                await serve.With(context);
                return;
            case ProxyFault.Delay:
                _delayed = await CopyAsync(context);
                context.Abort();
                return;
            case ProxyFault.Overtaken:
                using (await _client.SendAsync(_delayed!, _end.Token))
                {
                    break;
                }
        }

        try
        {
            using var answered = await ForwardAsync(context);
            switch (fault)
            {
                case ProxyFault.CutAfter:
                    context.Abort();
                    break;
                case ProxyFault.AnswerAfter answer:
                    await AnswerAsync(context.Response, answer.Status, answer.Code, "application/xml");
                    break;
                default:
                    await CopyAsync(answered, context, (fault as ProxyFault.CutAnswer)?.Bytes);
                    break;
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException)
        {
            // The client or the server has gone, or the test is over.
            context.Abort();
        }
    }

    // As it came, for it is signed.
    private static string Target(HttpContext context) => context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;

    private async Task<HttpResponseMessage> ForwardAsync(HttpContext context)
    {
        using var forward = await CopyAsync(context);
        return await _client.SendAsync(forward, HttpCompletionOption.ResponseContentRead, _end.Token);
    }

    private async Task<HttpRequestMessage> CopyAsync(HttpContext context)
    {
        var copy = new HttpRequestMessage(new HttpMethod(context.Request.Method), _server + Target(context));
        if (context.Request.ContentLength is > 0)
        {
            using var content = new MemoryStream();
            await context.Request.Body.CopyToAsync(content, _end.Token);
            copy.Content = new ByteArrayContent(content.ToArray());
        }

        foreach (var (name, values) in context.Request.Headers)
        {
            if (!copy.Headers.TryAddWithoutValidation(name, values.ToString()))
            {
                copy.Content ??= new ByteArrayContent([]);
                copy.Content.Headers.TryAddWithoutValidation(name, values.ToString());
            }
        }

        return copy;
    }

    private static async Task CopyAsync(HttpResponseMessage from, HttpContext to, int? bytes)
    {
        to.Response.StatusCode = (int)from.StatusCode;
        foreach (var (name, values) in from.Headers.Concat(from.Content.Headers))
        {
            if (name is not ("Transfer-Encoding" or "Connection" or "Keep-Alive" or "Content-Length"))
            {
                to.Response.Headers[name] = values.ToArray();
            }
        }

        // The length of what a HEAD would have brought stands in its header.
        var content = await from.Content.ReadAsByteArrayAsync();
        if (from.StatusCode is not System.Net.HttpStatusCode.NoContent)
        {
            to.Response.ContentLength = to.Request.Method == "HEAD" ? from.Content.Headers.ContentLength : content.Length;
        }

        await to.Response.Body.WriteAsync(content.AsMemory(0, Math.Min(bytes ?? int.MaxValue, content.Length)));
        if (bytes < content.Length)
        {
            await to.Response.Body.FlushAsync();
            to.Abort();
        }
    }

    private static async Task AnswerAsync(HttpResponse response, int status, string code, string contentType)
    {
        response.StatusCode = status;
        response.ContentType = contentType;
        if (response.HttpContext.Request.Method != "HEAD")
        {
            await response.Body.WriteAsync(Encoding.UTF8.GetBytes(contentType == "application/xml"
                ? $"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>Injected</Message><RequestId>r-1</RequestId></Error>"
                : code));
        }
    }
}
