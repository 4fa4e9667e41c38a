using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using Ambient.Grpc.Headers;
using Ambient.Grpc.Messages;

namespace Ambient.Grpc.Calls;

/// <summary>The sending half of a call: a request body that stays open until it is completed.</summary>
internal sealed class RequestBody : HttpContent
{
    private readonly TaskCompletionSource<Stream> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ReadOnlyMemory<byte> _first; // kept as long as there is no second
    private readonly Lock _gate = new();
    private Exception? _givenUp; // before it was open
    private bool _isAnswered;
    private int _messages;

    public RequestBody() => Headers.ContentType = new MediaTypeHeaderValue(GrpcHeaders.ContentType);

    /// <summary>Completes when the transport took it, up to its flow-control window.</summary>
    public async ValueTask WriteAsync<T>(T message, MessageFormat<T> format, int maxBytes, CancellationToken stop)
    {
        var output = new ArrayBufferWriter<byte>(MessageFraming.PrefixBytes + format.SizeOf(message));
        MessageFraming.Write(message, format, maxBytes, output);
        _first = _messages++ == 0 ? output.WrittenMemory : default;
        var stream = await _opened.Task.WaitAsync(stop);
        await stream.WriteAsync(output.WrittenMemory, stop);
        await stream.FlushAsync(stop);
    }

    /// <summary>No more messages will be written.</summary>
    public void Complete() => _completed.TrySetResult();

    /// <summary>The server has answered: a body that the transport gave up before it was open is not asked for again.</summary>
    public void Answered()
    {
        lock (_gate)
        {
            _isAnswered = true;
            FailIfOver();
        }
    }

    /// <summary>The transport will not open it, or not any longer.</summary>
    public void Fail(Exception cause)
    {
        if (_opened.TrySetException(cause)) _ = _opened.Task.Exception; // seen: nobody may be writing
        _completed.TrySetResult();
    }

    // A server may answer by the head alone; whoever writes must not wait for the body to be opened then.
    private void FailIfOver()
    {
        if (_isAnswered && _givenUp is { } cause) Fail(cause);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken stop)
    {
        if (_opened.Task.IsCompleted)
        {
            await RepeatAsync(stream, stop);
            return;
        }
        _givenUp = null;
        try
        {
            await stream.FlushAsync(stop); // sends the headers
        }
        catch (Exception cause)
        {
            lock (_gate)
            {
                _givenUp = cause;
                FailIfOver();
            }
            throw;
        }
        _opened.TrySetResult(stream);
        await _completed.Task.WaitAsync(stop);
    }

    // A call that was sent whole and that the server refused unseen (REFUSED_STREAM, GOAWAY) is made again by the handler.
    private ValueTask RepeatAsync(Stream stream, CancellationToken stop) => _completed.Task.IsCompleted && _messages <= 1
        ? stream.WriteAsync(_first, stop)
        : throw new IOException("The server refused the call, and its messages are not kept to be sent again.");

    protected override bool TryComputeLength(out long length)
    {
        length = -1;
        return false;
    }
}
