using System.Text;
using Ambient.Http1.Bodies;
using Ambient.Http1.Heads;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Ambient.Http1.Tests;

/// <summary>Where the bytes are cut does not matter, and any bytes give a request or an error.</summary>
public sealed class CutsTests
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(3000);

    private static readonly Http1Limits Small = new()
    {
        RequestLineBytes = 60, FieldLineBytes = 40, HeadBytes = 150, FieldCount = 4, ChunkLineBytes = 12, BodyBytes = 40, TrailerBytes = 40, TrailerCount = 2,
    };

    [Fact]
    public void A_request_is_the_same_however_it_is_cut() =>
        Prop.ForAll(Messages.Likely, ArbMap.Default.ArbFor<int>(), (bytes, seed) =>
            Read([bytes]) == Read(Messages.Cut(bytes, seed))).Check(Thorough);

    [Fact]
    public void A_response_is_the_same_however_it_is_cut() =>
        Prop.ForAll(Messages.LikelyAnswers, ArbMap.Default.ArbFor<int>(), (bytes, seed) =>
            ReadAnswer([bytes]) == ReadAnswer(Messages.Cut(bytes, seed))).Check(Thorough);

    [Fact]
    public void Any_bytes_give_a_response_or_an_error() =>
        Prop.ForAll<byte[]>(bytes => ReadAnswer([bytes]).Length > 0).Check(Thorough);

    [Fact]
    public void Any_bytes_give_a_request_or_an_error() =>
        Prop.ForAll<byte[]>(bytes => Read([bytes]).Length > 0).Check(Thorough);

    [Fact]
    public void A_body_is_the_same_however_it_is_cut() =>
        Prop.ForAll(Messages.Likely, ArbMap.Default.ArbFor<int>(), (bytes, seed) =>
            ReadBody(BodyFraming.Chunked, [bytes]) == ReadBody(BodyFraming.Chunked, Messages.Cut(bytes, seed))).Check(Thorough);

    [Fact]
    public void Any_chunks_that_are_written_read_back() =>
        Prop.ForAll<byte[][], int>((chunks, seed) =>
        {
            var wire = new System.Buffers.ArrayBufferWriter<byte>();
            foreach (var chunk in chunks) ChunkedEncoder.WriteChunk(wire, chunk ?? []);
            ChunkedEncoder.WriteEnd(wire);

            var expected = $"Complete {Convert.ToHexString(chunks.SelectMany(chunk => chunk ?? []).ToArray())}";
            return ReadBody(BodyFraming.Chunked, Messages.Cut(wire.WrittenMemory.ToArray(), seed), Http1Limits.Default).StartsWith(expected, StringComparison.Ordinal);
        }).Check(Thorough);

    private static string Read(IEnumerable<byte[]> pieces)
    {
        var parser = new RequestParser(Small);
        return Read(parser, pieces, () => Describe(parser.Head));
    }

    private static string ReadAnswer(IEnumerable<byte[]> pieces)
    {
        var parser = new ResponseParser(Small);
        return Read(parser, pieces, () =>
            $"{parser.Head.Status} {Encoding.Latin1.GetString(parser.Head.Reason)} {parser.Head.Version} {parser.Head.Framing} {parser.Head.KeepAlive}{Describe(parser.Head.Fields)}");
    }

    private static string Read(HeadParser parser, IEnumerable<byte[]> pieces, Func<string> describe)
    {
        var (status, consumedInAll) = (HeadStatus.NeedsMore, 0);
        foreach (var piece in pieces)
        {
            status = parser.Feed(piece, out var consumed);
            consumedInAll += consumed;
            if (status != HeadStatus.NeedsMore) break;
            Assert.Equal(piece.Length, consumed);
        }

        return status switch
        {
            HeadStatus.Complete => $"{consumedInAll} {describe()}",
            HeadStatus.Refused => $"{parser.Error}",
            _ => $"more {parser.IsWithinHead}",
        };
    }

    private static string Describe(RequestHead head)
    {
        return $"{Encoding.Latin1.GetString(head.Method)} {Encoding.Latin1.GetString(head.Target)} {head.Version} {head.Form}"
            + $" {Encoding.Latin1.GetString(head.Authority)} {head.Framing} {head.KeepAlive} {head.ExpectsContinue}{Describe(head.Fields)}";
    }

    private static string Describe(FieldSection fields)
    {
        var text = new StringBuilder();
        foreach (var field in fields) text.Append($"|{Encoding.Latin1.GetString(field.Name)}={Encoding.Latin1.GetString(field.Value)}");
        return text.ToString();
    }

    private static string ReadBody(BodyFraming framing, IEnumerable<byte[]> pieces, Http1Limits? limits = null)
    {
        var reader = new BodyReader(limits ?? Small);
        reader.Begin(framing);
        var data = new List<byte>();
        var status = BodyStatus.NeedsMore;
        foreach (var piece in pieces)
        {
            var rest = piece.AsSpan();
            do
            {
                var step = reader.Next(rest);
                status = step.Status;
                data.AddRange(rest.Slice(step.DataStart, step.DataLength));
                rest = rest[step.Consumed..];
            }
            while (status == BodyStatus.Data);
            if (status != BodyStatus.NeedsMore) break;
        }

        return $"{status} {Convert.ToHexString(data.ToArray())} {Describe(reader.Trailers)} {(status == BodyStatus.Refused ? reader.Error : null)}";
    }
}
