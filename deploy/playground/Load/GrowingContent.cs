using System.Net;

namespace Ambient.Playground.Load;

/// <summary>A request's body of gRPC that is written while the response is read.</summary>
internal sealed class GrowingContent : HttpContent
{
    private readonly TaskCompletionSource<Stream> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public GrowingContent() => Headers.TryAddWithoutValidation("content-type", "application/grpc");

    /// <returns>False if the call is over.</returns>
    public async Task<bool> TryWriteAsync(ReadOnlyMemory<byte> message)
    {
        try
        {
            var stream = await _opened.Task;
            await stream.WriteAsync(message);
            await stream.FlushAsync();
            return true;
        }
        catch (Exception over) when (over is IOException or OperationCanceledException or HttpRequestException or ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>That was all. Idempotent.</summary>
    public void End()
    {
        _opened.TrySetCanceled();
        _ended.TrySetResult();
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        _opened.TrySetResult(stream);
        return _ended.Task;
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
