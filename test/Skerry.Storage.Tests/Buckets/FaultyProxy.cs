using System.Net;
using System.Text;

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

    /// <summary>Conditions do not reach the server.</summary>
    public sealed record DropConditions : ProxyFault;
}

/// <summary>Stands between a client and a real server, and does to requests what networks and bad servers do.</summary>
public sealed class FaultyProxy : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = Timeout.InfiniteTimeSpan };
    private readonly CancellationTokenSource _end = new();
    private readonly string _server;
    private readonly Task _loop;

    public FaultyProxy(string server)
    {
        _server = server;
        for (var port = 20_000 + (Environment.ProcessId % 10_000); ; port++)
        {
            try
            {
                _listener.Prefixes.Add($"http://127.0.0.1:{port}/");
                _listener.Start();
                Endpoint = $"http://127.0.0.1:{port}";
                break;
            }
            catch (HttpListenerException) when (port < 32_000)
            {
                _listener.Prefixes.Clear();
            }
        }

        _loop = RunAsync();
    }

    public string Endpoint { get; }

    /// <summary>Decides for each request; called one at a time.</summary>
    public Func<HttpListenerRequest, ProxyFault> Decide { get; set; } = static _ => new ProxyFault.None();

    /// <summary>The requests that came, as method and path.</summary>
    public List<string> Requests { get; } = [];

    /// <summary>Treats the next requests of a method like this, and all others well.</summary>
    public void Next(string method, params ProxyFault[] faults)
    {
        var left = new Queue<ProxyFault>(faults);
        Decide = request => request.HttpMethod == method && left.TryDequeue(out var fault) ? fault : new ProxyFault.None();
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _loop;
        _client.Dispose();
        _end.Dispose();
    }

    private async Task RunAsync()
    {
        var running = new List<Task>();
        while (!_end.IsCancellationRequested)
        {
            try
            {
                var context = await _listener.GetContextAsync();
                ProxyFault fault;
                lock (Requests)
                {
                    Requests.Add($"{context.Request.HttpMethod} {context.Request.RawUrl}");
                    fault = Decide(context.Request);
                }

                running.Add(Task.Run(() => ServeAsync(context, fault)));
            }
            catch (Exception) when (_end.IsCancellationRequested)
            {
            }
        }

        await Task.WhenAll(running);
    }

    private async Task ServeAsync(HttpListenerContext context, ProxyFault fault)
    {
        try
        {
            switch (fault)
            {
                case ProxyFault.Hang:
                    await Task.Delay(Timeout.Infinite, _end.Token);
                    break;
                case ProxyFault.CutBefore:
                    context.Response.Abort();
                    return;
                case ProxyFault.Answer answer:
                    await context.Request.InputStream.CopyToAsync(Stream.Null);
                    await AnswerAsync(context.Response, answer.Status, answer.Code, answer.ContentType);
                    return;
            }

            using var answered = await ForwardAsync(context.Request, dropConditions: fault is ProxyFault.DropConditions);
            switch (fault)
            {
                case ProxyFault.CutAfter:
                    context.Response.Abort();
                    return;
                case ProxyFault.AnswerAfter answer:
                    await AnswerAsync(context.Response, answer.Status, answer.Code, "application/xml");
                    return;
            }

            await CopyAsync(answered, context.Response, (fault as ProxyFault.CutAnswer)?.Bytes);
        }
        catch (Exception e) when (e is HttpListenerException or IOException or HttpRequestException or OperationCanceledException or ObjectDisposedException)
        {
            // The client or the server has gone, or the test is over.
            context.Response.Abort();
        }
    }

    private Task<HttpResponseMessage> ForwardAsync(HttpListenerRequest request, bool dropConditions)
    {
        var forward = new HttpRequestMessage(new HttpMethod(request.HttpMethod), _server + request.RawUrl);
        if (request.HasEntityBody)
        {
            forward.Content = new StreamContent(request.InputStream);
        }

        foreach (string name in request.Headers)
        {
            if (name is "Expect" or "Connection" || (dropConditions && name is "If-Match" or "If-None-Match"))
            {
                continue;
            }

            if (!forward.Headers.TryAddWithoutValidation(name, request.Headers[name]))
            {
                forward.Content ??= new ByteArrayContent([]);
                forward.Content.Headers.TryAddWithoutValidation(name, request.Headers[name]);
            }
        }

        return _client.SendAsync(forward, HttpCompletionOption.ResponseHeadersRead, _end.Token);
    }

    private static async Task CopyAsync(HttpResponseMessage from, HttpListenerResponse to, int? bytes)
    {
        to.StatusCode = (int)from.StatusCode;
        foreach (var (name, values) in from.Headers.Concat(from.Content.Headers))
        {
            if (name is not ("Content-Length" or "Transfer-Encoding" or "Connection" or "Keep-Alive"))
            {
                to.Headers[name] = string.Join(",", values);
            }
        }

        to.ContentLength64 = from.Content.Headers.ContentLength ?? 0;
        var content = await from.Content.ReadAsByteArrayAsync();
        if (from.RequestMessage!.Method != HttpMethod.Head)
        {
            to.ContentLength64 = content.Length;
            await to.OutputStream.WriteAsync(content.AsMemory(0, Math.Min(bytes ?? int.MaxValue, content.Length)));
        }

        if (bytes < content.Length)
        {
            await to.OutputStream.FlushAsync();
            to.Abort();
        }
        else
        {
            to.Close();
        }
    }

    private static async Task AnswerAsync(HttpListenerResponse response, int status, string code, string contentType)
    {
        response.StatusCode = status;
        response.ContentType = contentType;
        var body = contentType == "application/xml"
            ? $"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>Injected</Message><RequestId>r-1</RequestId></Error>"
            : code;
        await response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(body));
        response.Close();
    }
}
