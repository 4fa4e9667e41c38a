using Ambient.Http2.Hpack;
using Ambient.Http2.Tests.Wire;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Ambient.Http2.Tests.Hpack;

public class HpackDecoderTests
{
    [Theory]
    [InlineData("80")]                      // index 0, RFC 7541 §6.1
    [InlineData("be")]                      // index 62 of an empty table, §2.3.3
    [InlineData("7f00")]                    // the same as a name
    [InlineData("ffffffffffff")]            // an endless integer, §5.1
    [InlineData("40")]                      // no name
    [InlineData("400161")]                  // no value
    [InlineData("40016105")]                // value cut off
    [InlineData("4001618118")]              // Huffman padding, §5.2
    [InlineData("3fe21f")]                  // a table of 4097, §6.3
    [InlineData("8220")]                    // a size update after a field, §4.2
    public void What_puts_the_table_out_of_step_is_invalid(string hex)
    {
        var decoder = new HpackDecoder(0);

        Assert.Equal(HpackResult.Invalid, decoder.Decode(Convert.FromHexString(hex), new HeaderList(), 65536));
        Assert.NotNull(decoder.Error);
    }

    [Fact]
    public void Until_our_table_size_is_acknowledged_the_default_holds_and_afterwards_ours()
    {
        var decoder = new HpackDecoder(0);
        Assert.Equal(HpackResult.Done, decoder.Decode(Convert.FromHexString("4001610162"), new HeaderList(), 65536));
        Assert.Equal(HpackResult.Done, decoder.Decode([0xbe], new HeaderList(), 65536));

        decoder.TableSizeAcknowledged();

        Assert.Equal(0, decoder.Table.Count);
        Assert.Equal(HpackResult.Invalid, decoder.Decode([0xbe], new HeaderList(), 65536));
        Assert.Equal(HpackResult.Invalid, decoder.Decode([0x21], new HeaderList(), 65536));
        Assert.Equal(HpackResult.Done, decoder.Decode([0x20, 0x82], new HeaderList(), 65536));
    }

    [Fact]
    public void A_list_that_is_too_large_leaves_the_table_in_step()
    {
        var decoder = new HpackDecoder(4096);
        var block = Convert.FromHexString("4001610162" + "4001630164");

        Assert.Equal(HpackResult.TooLarge, decoder.Decode(block, new HeaderList(), 40));

        var list = new HeaderList();
        Assert.Equal(HpackResult.Done, decoder.Decode([0xbe, 0xbf], list, 1000));
        Assert.Equal("c=d; a=b", Recorder.Show(list));
    }

    [Fact]
    public void A_list_that_is_many_times_too_large_is_not_decoded_to_its_end()
    {
        var decoder = new HpackDecoder(4096);
        byte[] entry = [0x40, 0x01, 0x61, 0x64, .. new byte[100]]; // a: 100 bytes, remembered
        byte[] Named(int times) => [.. entry, .. Enumerable.Repeat((byte)0xbe, times)];

        Assert.Equal(HpackResult.TooLarge, decoder.Decode(Named(158), new HeaderList(), 1000));
        Assert.Equal(HpackResult.Bomb, decoder.Decode(Named(200), new HeaderList(), 1000));
    }

    [Fact]
    public void Any_bytes_decode_or_are_refused() => Prop.ForAll<byte[], PositiveInt>((block, most) =>
    {
        var decoder = new HpackDecoder(4096);
        var list = new HeaderList();
        var result = decoder.Decode(block, list, most.Get);
        return decoder.Table.Size <= decoder.Table.MaxSize && (result == HpackResult.Invalid) == (decoder.Error is not null) &&
            (result != HpackResult.Done || list.ListBytes <= most.Get);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void What_is_encoded_reads_back() => Prop.ForAll<(byte[], byte[], bool)[]>(fields =>
    {
        var list = new HeaderList(0, 0);
        foreach (var (name, value, secret) in fields) list.Add(name, value, secret);
        var block = new byte[HpackEncoder.MaxBytes(list)];
        var length = HpackEncoder.Encode(list, block);

        var read = new HeaderList();
        var result = new HpackDecoder(0).Decode(block.AsSpan(0, length), read, int.MaxValue);
        return result == HpackResult.Done && Same(list, read);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Every_field_of_the_static_table_is_one_byte_where_it_has_a_value()
    {
        for (var i = 1; i <= StaticTable.Count; i++)
        {
            var list = new HeaderList();
            list.Add(StaticTable.Name(i), StaticTable.Value(i));
            var block = new byte[100];
            var length = HpackEncoder.Encode(list, block);
            if (StaticTable.Value(i).Length > 0) Assert.Equal([(byte)(0x80 | i)], block[..length]);

            var read = new HeaderList();
            new HpackDecoder(0).Decode(block.AsSpan(0, length), read, 1000);
            Assert.True(Same(list, read));
        }
    }

    [Fact]
    public void The_dynamic_table_agrees_with_a_plain_list() => Prop.ForAll<(byte, byte[], ushort)[]>(steps =>
    {
        var table = new DynamicTable(200);
        var model = new List<(byte[] Name, byte[] Value)>();
        var most = 200;
        foreach (var (kind, value, number) in steps)
        {
            if (kind % 5 == 0) table.Resize(most = number % 300);
            else
            {
                table.Add([kind], value);
                model.Insert(0, ([kind], value));
            }
            while (model.Sum(field => field.Name.Length + field.Value.Length + 32) > most) model.RemoveAt(model.Count - 1);
            if (table.Count != model.Count) return false;
            for (var i = 0; i < model.Count; i++)
            {
                table.Get(i, out var name, out var content);
                if (!name.SequenceEqual(model[i].Name) || !content.SequenceEqual(model[i].Value)) return false;
            }
        }
        return true;
    }).QuickCheckThrowOnFailure();

    private static bool Same(HeaderList a, HeaderList b)
    {
        if (a.Count != b.Count) return false;
        for (var i = 0; i < a.Count; i++)
            if (!a[i].Name.SequenceEqual(b[i].Name) || !a[i].Value.SequenceEqual(b[i].Value) || a[i].NeverIndexed != b[i].NeverIndexed)
                return false;
        return true;
    }
}
