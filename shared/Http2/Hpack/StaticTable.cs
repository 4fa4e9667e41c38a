using System.Text;

namespace Ambient.Http2.Hpack;

/// <summary>RFC 7541 appendix A. Indexes start at 1.</summary>
internal static class StaticTable
{
    public const int Count = 61;
    private const int LongestName = 27;

    private static readonly (byte[] Name, byte[] Value)[] Fields = Read();

    // For each length of a name: the first index of each name of that length.
    private static readonly byte[][] FirstByLength = IndexNames();

    public static ReadOnlySpan<byte> Name(int index) => Fields[index].Name;

    public static ReadOnlySpan<byte> Value(int index) => Fields[index].Value;

    /// <summary>The first index of a field of that name; 0 if there is none.</summary>
    public static int FindName(ReadOnlySpan<byte> name)
    {
        if (name.Length >= FirstByLength.Length) return 0;
        foreach (var index in FirstByLength[name.Length])
            if (name.SequenceEqual(Fields[index].Name))
                return index;
        return 0;
    }

    /// <summary>The index of the field with that value; 0 if there is none.</summary>
    /// <param name="first">From <see cref="FindName"/>; fields of one name are neighbours.</param>
    public static int FindValue(int first, ReadOnlySpan<byte> value)
    {
        var name = Fields[first].Name;
        for (var i = first; i <= Count && (i == first || Fields[i].Name.AsSpan().SequenceEqual(name)); i++)
            if (Fields[i].Value.Length > 0 && value.SequenceEqual(Fields[i].Value))
                return i;
        return 0;
    }

    private static (byte[], byte[])[] Read()
    {
        var fields = new (byte[], byte[])[Count + 1];
        fields[0] = ([], []);
        var lines = Text.Split('\n', StringSplitOptions.TrimEntries);
        for (var i = 0; i < Count; i++)
        {
            var end = lines[i].IndexOf('=');
            var (name, value) = end < 0 ? (lines[i], "") : (lines[i][..end], lines[i][(end + 1)..]);
            fields[i + 1] = (Encoding.ASCII.GetBytes(name), Encoding.ASCII.GetBytes(value));
        }
        return fields;
    }

    private static byte[][] IndexNames()
    {
        var byLength = new byte[LongestName + 1][];
        for (var length = 0; length <= LongestName; length++)
            byLength[length] = [.. Enumerable.Range(1, Count).Where(i => Fields[i].Name.Length == length &&
                !Fields[i - 1].Name.AsSpan().SequenceEqual(Fields[i].Name)).Select(i => (byte)i)];
        return byLength;
    }

    private const string Text =
        """
        :authority
        :method=GET
        :method=POST
        :path=/
        :path=/index.html
        :scheme=http
        :scheme=https
        :status=200
        :status=204
        :status=206
        :status=304
        :status=400
        :status=404
        :status=500
        accept-charset
        accept-encoding=gzip, deflate
        accept-language
        accept-ranges
        accept
        access-control-allow-origin
        age
        allow
        authorization
        cache-control
        content-disposition
        content-encoding
        content-language
        content-length
        content-location
        content-range
        content-type
        cookie
        date
        etag
        expect
        expires
        from
        host
        if-match
        if-modified-since
        if-none-match
        if-range
        if-unmodified-since
        last-modified
        link
        location
        max-forwards
        proxy-authenticate
        proxy-authorization
        range
        referer
        refresh
        retry-after
        server
        set-cookie
        strict-transport-security
        transfer-encoding
        user-agent
        vary
        via
        www-authenticate
        """;
}
