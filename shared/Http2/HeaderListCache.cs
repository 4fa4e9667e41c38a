namespace Ambient.Http2;

/// <summary>Keeps one list per thread, so that a connection without a header block in hand holds none.</summary>
internal static class HeaderListCache
{
    private const int MostKept = 16 * 1024;

    [ThreadStatic]
    private static HeaderList? _spare;

    public static HeaderList Rent()
    {
        var list = _spare ?? new HeaderList(1024, 16);
        _spare = null;
        return list;
    }

    public static void Return(HeaderList list)
    {
        if (list.Capacity > MostKept) return;
        list.Clear();
        _spare = list;
    }
}
