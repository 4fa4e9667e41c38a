using Ambient.TestKit;
using Ambient.Tls.Records;
using Ambient.Tls.Tests.Scenes;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Tls.Tests.Records;

public sealed class SessionTests
{
    [Theory]
    [InlineData(true, true), InlineData(true, false), InlineData(false, true), InlineData(false, false)]
    public void Both_directions_agree_with_a_plain_implementation_at_all_sizes(bool isServer, bool aes256)
    {
        using var scene = new SessionScene(isServer, aes256);
        foreach (var size in new[] { 0, 1, 15, 16, 17, 1023, 1024, 1025, 4096, 16383, 16384 })
        {
            var text = Bytes(size);

            var sealedByUs = scene.Peer.Open(scene.Seal(text));
            var (status, opened) = scene.Open(scene.Peer.Seal(ReferencePeer.Data, text, padding: Math.Min(size % 7, 16384 - size)));

            Assert.Equal(ReferencePeer.Data, sealedByUs.Type);
            Assert.Equal(text, sealedByUs.Content);
            Assert.Equal(size == 0 ? RecordStatus.Control : RecordStatus.Data, status);
            Assert.Equal(text, opened);
        }
    }

    [Fact]
    public void What_is_sealed_is_what_is_opened() =>
        Prop.ForAll<byte[], bool>((text, aes256) =>
        {
            using var scene = new SessionScene(aes256: aes256);
            return scene.Peer.Open(scene.Seal(text)).Content.SequenceEqual(text)
                && scene.Open(scene.Peer.Seal(ReferencePeer.Data, text)).Plaintext.SequenceEqual(text);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Where_the_records_are_cut_does_not_matter() =>
        Prop.ForAll<byte[][], int[]>((texts, sizes) =>
        {
            texts = [.. texts.Where(text => text.Length > 0)];
            using var scene = new SessionScene();
            byte[] stream = [.. texts.SelectMany((text, i) => i % 3 == 2 ? [.. scene.Peer.KeyUpdate(true), .. scene.Peer.Seal(ReferencePeer.Data, text)] : scene.Peer.Seal(ReferencePeer.Data, text))];

            var received = new List<byte>();
            var pending = Array.Empty<byte>();
            foreach (var piece in Sequences.Pieces(stream, sizes))
            {
                pending = [.. pending, .. piece.Span];
                while (scene.Session.TryOpen(pending, out var consumed, out var offset, out var length) is var status and not RecordStatus.NeedsMore)
                {
                    if (status is not (RecordStatus.Data or RecordStatus.Control)) return false;
                    received.AddRange(pending.AsSpan(offset, length));
                    pending = pending[consumed..];
                }
            }
            return pending.Length == 0 && received.SequenceEqual(texts.SelectMany(text => text));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Any_bytes_give_a_status_and_never_an_exception() =>
        Prop.ForAll<byte[], byte, ushort>((bytes, type, length) =>
        {
            using var scene = new SessionScene();
            byte[] buffer = [(byte)(type % 2 == 0 ? 23 : type), 3, 3, (byte)(length >> 8), (byte)length, .. bytes];
            var status = scene.Session.TryOpen(buffer, out var consumed, out _, out var plaintext);
            return (status is RecordStatus.NeedsMore && consumed == 0 || status is RecordStatus.Failed) && plaintext == 0;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Any_authentic_content_gives_a_status_and_never_an_exception() =>
        Prop.ForAll<byte[][], bool>((contents, isServer) =>
        {
            using var scene = new SessionScene(isServer);
            foreach (var content in contents)
            {
                var inner = content.Length == 0 ? [0] : content;
                inner[^1] = (byte)(20 + inner[^1] % 5);
                var (status, _) = scene.Open(scene.Peer.SealInner(inner));
                if (status is RecordStatus.Failed) return scene.Session.Failure is not null;
                if (status is RecordStatus.NeedsMore) return false;
            }
            return scene.Session.Failure is null;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_changed_bit_anywhere_is_noticed() =>
        Prop.ForAll<NonNegativeInt>(bit =>
        {
            using var scene = new SessionScene();
            var record = scene.Peer.Seal(ReferencePeer.Data, Bytes(40));
            var at = bit.Get % (8 * record.Length);
            record[at / 8] ^= (byte)(1 << at % 8);
            var expectMore = at / 8 is 3 or 4; // a longer length only waits for more
            var status = scene.Open(record).Status;
            return status == RecordStatus.Failed || expectMore && status == RecordStatus.NeedsMore;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Replayed_and_reordered_records_are_not_authentic()
    {
        using var scene = new SessionScene();
        var first = scene.Peer.Seal(ReferencePeer.Data, [1]);
        _ = scene.Peer.Seal(ReferencePeer.Data, [2]);
        Assert.Equal(RecordStatus.Data, scene.Open(first).Status);

        scene.ExpectFailure(first, TlsFailureReason.BadRecord, TlsAlert.BadRecordMac);
    }

    [Fact]
    public void Sealing_and_opening_allocate_nothing()
    {
        var secret = Bytes(48);
        using var source = new TlsSession(CipherSuite.Aes256GcmSha384, false, secret, secret);
        using var sink = new TlsSession(CipherSuite.Aes256GcmSha384, true, secret, secret);
        var buffer = new byte[5 + 4096 + 17];

        var allocated = Allocations.Of(() =>
        {
            source.Seal(buffer, 4096);
            sink.TryOpen(buffer, out _, out _, out _);
        });

        Assert.Equal(0, allocated);
        Assert.Null(sink.Failure);
    }

    private static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }
}
