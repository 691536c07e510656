using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;
using Skerry.Objects.Activation;

namespace Skerry.Objects.Http;

/// <summary>
/// The body of a response written by an object: kept here until the writes made before it are confirmed, then passed on.
/// Status and headers stay changeable until then. If the confirmation fails, nothing of it was ever sent.
/// </summary>
internal sealed class GatedResponseBody : Stream, IHttpResponseBodyFeature
{
    // What is kept at most before it is passed on without being asked; a page or a list of rows stays whole.
    private const int KeepMax = 64 * 1024;

    private readonly IHttpResponseBodyFeature _inner;
    private readonly ActiveObject _active;
    private readonly ArrayBufferWriter<byte> _kept = new();
    private PipeWriter? _writer;
    private bool _finishing;

    public GatedResponseBody(IHttpResponseBodyFeature inner, ActiveObject active)
    {
        _inner = inner;
        _active = active;
    }

    public Stream Stream => this;

    public PipeWriter Writer => _writer ??= PipeWriter.Create(this, new StreamPipeWriterOptions(leaveOpen: true));

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public void DisableBuffering()
    {
    }

    // The response starts when its first bytes may leave.
    public Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

    public async Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default)
    {
        await using var file = File.OpenRead(path);
        file.Position = offset;
        var left = count ?? file.Length - offset;
        var buffer = new byte[KeepMax];
        while (left > 0)
        {
            var read = await file.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, left)), cancellationToken);
            if (read == 0)
            {
                return;
            }

            await WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            left -= read;
        }
    }

    public async Task CompleteAsync()
    {
        await FlushAsync(CancellationToken.None);
        await _inner.CompleteAsync();
    }

    /// <summary>Passes on what is left, after the object's last write was confirmed. Outside of the object.</summary>
    public async Task FinishAsync()
    {
        _finishing = true;
        if (_writer is not null)
        {
            await _writer.FlushAsync().ConfigureAwait(false);
        }

        await PassAsync(CancellationToken.None).ConfigureAwait(false);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _kept.Write(buffer.Span);
        if (_kept.WrittenCount > KeepMax)
        {
            await FlushAsync(cancellationToken);
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (_finishing || _kept.WrittenCount == 0)
        {
            return;
        }

        var gate = _active.LeaveFromAnywhereAsync();
        if (!gate.IsCompletedSuccessfully)
        {
            await gate.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        }

        await PassAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task PassAsync(CancellationToken cancel)
    {
        if (_kept.WrittenCount == 0)
        {
            return;
        }

        await _inner.Writer.WriteAsync(_kept.WrittenMemory, cancel).ConfigureAwait(false);
        _kept.ResetWrittenCount();
    }

    public override void Write(byte[] buffer, int offset, int count) => _kept.Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
