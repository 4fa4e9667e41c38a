using Ambient.Model.State;
using Ambient.Ztunnel.Dns.Forwarding;
using Ambient.Ztunnel.Dns.Messages;
using Ambient.Ztunnel.Dns.Naming;

namespace Ambient.Ztunnel.Dns;

internal enum DnsAction : byte
{
    /// <summary>Send the response that was written.</summary>
    Respond,

    /// <summary>Not ours: relay the client's bytes.</summary>
    Forward,

    /// <summary>May be ours, which only the client's workload can tell: ask again when it is known.</summary>
    AwaitClient,

    /// <summary>Not a message that may be answered.</summary>
    Drop,
}

/// <summary>
/// Decides what becomes of a message: addresses of names of the mesh are answered here, everything else is forwarded as it is,
/// whatever its opcode, type, class or options. READ THIS FIRST. No I/O; belongs to one loop.
/// </summary>
internal sealed class DnsResponder(DnsSettings settings, MeshState mesh, DnsJournal journal, Random random)
{
    /// <summary>Room that <c>into</c> must have.</summary>
    public const int MaxResponse = MessageStream.MaxMessage;

    private const int MaxUdpPayload = 65_507;

    private static readonly ExtendedError UnknownClient = new(ExtendedError.NotReady, "the workload of this pod is not known to the mesh yet");

    private readonly NameTable _names = new(settings);
    private readonly LocalAnswers _answers = new(settings, random);

    /// <param name="message">Any bytes.</param>
    /// <param name="client">Null if it is not known (yet).</param>
    /// <param name="into">At least <see cref="MaxResponse"/> bytes.</param>
    /// <param name="length">Bytes of the response, if the action is to respond.</param>
    public DnsAction Decide(ReadOnlySpan<byte> message, DnsTransport transport, DnsClient? client, Span<byte> into, out int length)
    {
        length = 0;
        if (!DnsHeader.TryRead(message, out var header))
            return DnsAction.Drop;
        // A response is no request. Saying so is polite, but errors are left alone: two servers would complain to each other forever.
        if (header.IsResponse && header.Code != ResponseCode.NoError)
            return DnsAction.Drop;
        if (header.IsResponse || !IsUnderstood(message, header, out var question))
            return Complain(header, into, out length);
        return MayBeOurs(header, question)
            ? Look(message, header, question, transport, client, into, out length)
            : DnsAction.Forward;
    }

    /// <summary>Answers SERVFAIL and says why to clients that speak EDNS.</summary>
    /// <returns>The length of the response.</returns>
    public static int Fail(ReadOnlySpan<byte> message, ExtendedError reason, Span<byte> into)
    {
        if (!DnsHeader.TryRead(message, out var header))
            return 0;
        var writer = new MessageWriter(into, Edns.MinPayloadSize, header);
        if (header.Questions != 1 || !Question.TryRead(message, DnsHeader.Size, out var question))
            return writer.Finish(ResponseCode.ServerFailure);

        writer.CopyQuestion(message, question);
        if (Edns.TryRead(message, header, question.End, out var edns) && edns is { } client)
            writer.AddEdns(client, ResponseCode.ServerFailure, reason);
        return writer.Finish(ResponseCode.ServerFailure);
    }

    /// <summary>As <see cref="Fail"/>, for a client whose workload did not become known in time.</summary>
    public int FailUnknownClient(ReadOnlySpan<byte> message, DnsTransport transport, Span<byte> into)
    {
        var request = DnsRequest.Of(message, transport, source: null);
        journal.Requested(request);
        journal.Answered(request, message, "unknown client", endpoints: 0);
        return Fail(message, UnknownClient, into);
    }

    // What we cannot read we cannot match with its answer either. The bodies of opcodes that we do not know are not ours to judge.
    private static bool IsUnderstood(ReadOnlySpan<byte> message, DnsHeader header, out Question question) =>
        Question.TryRead(message, DnsHeader.Size, out question)
        || header.Questions == 0 || header.Opcode is not (Opcode.Query or Opcode.Notify or Opcode.Update);

    private static DnsAction Complain(DnsHeader header, Span<byte> into, out int length)
    {
        length = new MessageWriter(into, Edns.MinPayloadSize, header).Finish(ResponseCode.FormatError);
        return DnsAction.Respond;
    }

    private static bool MayBeOurs(DnsHeader header, Question question) =>
        header is { Opcode: Opcode.Query, Questions: 1 }
        && question is { Class: Question.Internet, Type: RecordType.A or RecordType.AAAA };

    private DnsAction Look(
        ReadOnlySpan<byte> message, DnsHeader header, Question question, DnsTransport transport, DnsClient? client,
        Span<byte> into, out int length)
    {
        length = 0;
        Span<char> text = stackalloc char[DomainName.MaxTextLength];
        if (!DomainName.TryReadHostName(message, question.NameOffset, text, out var nameLength))
            return DnsAction.Forward;
        if (client is null)
            return DnsAction.AwaitClient;

        if (_names.Find(mesh.Current, client.Names, text[..nameLength]) is not { } match)
            return DnsAction.Forward;

        var request = new DnsRequest(question.Type, transport, client.Workload);
        journal.Requested(request);
        if (!Edns.TryRead(message, header, question.End, out var edns))
            return Complain(header, into, out length);

        length = edns is { Version: > 0 } newer
            ? WriteBadVersion(message, header, question, newer, into)
            : Answer(message, header, question, edns, match, client, request, into);
        return DnsAction.Respond;
    }

    private int Answer(
        ReadOnlySpan<byte> message, DnsHeader header, Question question, Edns? edns, NameMatch match,
        DnsClient client, DnsRequest request, Span<byte> into)
    {
        var limit = request.Transport == DnsTransport.Tcp
            ? MaxResponse
            : Math.Min(edns?.UsablePayloadSize ?? Edns.MinPayloadSize, MaxUdpPayload);
        var addresses = _answers.AddressesOf(client, match.Service, question.Type);
        journal.Answered(request, message, addresses.Count > 0 ? "success" : "no records", addresses.Count);
        return LocalAnswers.Write(message, header, question, edns, match, addresses, into, limit);
    }

    // RFC 6891 §6.1.3: we implement version 0 and say so.
    private static int WriteBadVersion(ReadOnlySpan<byte> message, DnsHeader header, Question question, Edns edns, Span<byte> into)
    {
        var writer = new MessageWriter(into, Edns.MinPayloadSize, header);
        writer.CopyQuestion(message, question);
        writer.AddEdns(edns, ResponseCode.BadVersion);
        return writer.Finish(ResponseCode.BadVersion);
    }
}
