using Ambient.Http1.Heads;

namespace Ambient.HttpProxy.Bodies;

/// <summary>Where a message's body goes, framed as the receiver's protocol and the message's head want it. On the loop only.</summary>
internal interface IBodySink
{
    /// <summary>Bytes that may be written now; none at zero or below.</summary>
    int Room { get; }

    /// <param name="data">At most <see cref="Room"/>; copied.</param>
    /// <param name="ends">Nothing follows, not even trailers; <see cref="End"/> comes all the same.</param>
    void Write(ReadOnlySpan<byte> data, bool ends);

    /// <summary>The body is whole.</summary>
    void End(FieldSection trailers);

    /// <summary>Sees to it that what was written leaves.</summary>
    /// <param name="untilRoom">Waits until there is <see cref="Room"/> again.</param>
    /// <returns>False if the receiver takes no more.</returns>
    ValueTask<bool> FlushAsync(bool untilRoom);
}
