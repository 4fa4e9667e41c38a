using System.Buffers;
using System.Net;
using System.Text;
using Ambient.Grpc.Calls;
using Ambient.Grpc.Messages;

namespace Ambient.Grpc.Tests.Calls;

/// <summary>A server that refuses a call by its head: the transport gives the body up before it was opened.</summary>
public sealed class EarlyAnswerTests
{
    private static readonly GrpcMethod<string, string> Say = new("test.Speech", "Say", new TextFormat(), new TextFormat());

    [Theory, InlineData(true), InlineData(false)]
    public async Task Whoever_writes_is_told_and_the_status_can_be_read(bool isGivenUpFirst)
    {
        using var transport = new EarlyAnswer(isGivenUpFirst);
        using var invoker = new HttpMessageInvoker(transport);
        var request = new HttpRequestMessage(HttpMethod.Post, "http://localhost/");
        await using var call = new DuplexCall<string, string>(Say, request, invoker, new() { Address = new("http://localhost") }, null, TimeProvider.System, default);

        var writing = call.WriteAsync("question", default).AsTask();
        if (!isGivenUpFirst) await EarlyAnswer.GiveUpAsync(request);

        await Assert.ThrowsAsync<RpcException>(() => writing.WaitAsync(TimeSpan.FromSeconds(20)));
        var refusal = await Assert.ThrowsAsync<RpcException>(() => call.ReadAsync(default).AsTask());
        Assert.Equal(StatusCode.Unimplemented, refusal.Code);
    }

    [Fact]
    public async Task A_body_that_was_given_up_may_be_asked_for_again()
    {
        using var transport = new Again();
        using var invoker = new HttpMessageInvoker(transport);
        await using var call = new DuplexCall<string, string>(Say, new(HttpMethod.Post, "http://localhost/"), invoker, new() { Address = new("http://localhost") }, null, TimeProvider.System, default);

        await call.WriteAsync("question", default).AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        await call.CompleteAsync(default);

        await Assert.ThrowsAsync<RpcException>(() => call.ReadAsync(default).AsTask());
        Assert.Equal(5 + "question".Length, transport.Received.Length);
    }

    private static HttpResponseMessage Refusal()
    {
        var response = new HttpResponseMessage(HttpStatusCode.OK);
        response.Headers.Add("grpc-status", $"{(int)StatusCode.Unimplemented}");
        return response;
    }

    private sealed class EarlyAnswer(bool isGivenUpFirst) : HttpMessageHandler
    {
        public static Task GiveUpAsync(HttpRequestMessage request) =>
            Assert.ThrowsAnyAsync<OperationCanceledException>(() => request.Content!.CopyToAsync(Stream.Null, new CancellationToken(canceled: true)));

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken stop)
        {
            if (isGivenUpFirst) await GiveUpAsync(request);
            return Refusal();
        }
    }

    /// <summary>Makes a call anew that the server has not looked at.</summary>
    private sealed class Again : HttpMessageHandler
    {
        public MemoryStream Received { get; } = new();

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken stop)
        {
            await EarlyAnswer.GiveUpAsync(request);
            await request.Content!.CopyToAsync(Received, stop);
            return Refusal();
        }
    }

    private sealed class TextFormat : MessageFormat<string>
    {
        public override int SizeOf(string message) => Encoding.UTF8.GetByteCount(message);

        public override void Write(string message, IBufferWriter<byte> output) => Encoding.UTF8.GetBytes(message, output);

        public override string Read(ReadOnlySequence<byte> bytes) => Encoding.UTF8.GetString(bytes);
    }
}
