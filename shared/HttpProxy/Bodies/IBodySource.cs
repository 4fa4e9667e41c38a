using Ambient.Http1;
using Ambient.Http1.Heads;

namespace Ambient.HttpProxy.Bodies;

/// <summary>How far a source came.</summary>
internal enum MoveEnd : byte
{
    /// <summary>All that is there was passed on; more may come.</summary>
    Empty,

    /// <summary>The sink has no room for what is there.</summary>
    Full,

    /// <summary>That was all of the body; its trailers are there.</summary>
    Complete,

    /// <summary>The body is not framed as it must be; see <see cref="IBodySource.Error"/>.</summary>
    Refused,

    /// <summary>The sender closed, reset or broke off before the body was whole.</summary>
    Ended,
}

/// <summary>A message's body as it comes in, in either protocol. On the loop only.</summary>
internal interface IBodySource
{
    /// <summary>Passes on what is there while <paramref name="sink"/> has room. What was passed on counts as consumed: its sender may send more.</summary>
    MoveEnd MoveTo(IBodySink sink);

    /// <summary>Completes when <see cref="MoveTo"/> may do more, or with <see cref="EndWait"/>. One waiter at a time.</summary>
    /// <remarks>What has come before is not told: to be called right behind a <see cref="MoveTo"/> that found nothing, with no await between.</remarks>
    ValueTask WaitAsync();

    /// <summary>Ends the wait under way, if there is one; it says nothing about the body.</summary>
    void EndWait();

    /// <summary>Taking so many bytes more may be all that it takes to be done with the sender.</summary>
    bool MayEndWithin(int bytes) => false;

    /// <summary>What followed the body; valid once complete, until the exchange is over.</summary>
    FieldSection Trailers { get; }

    Http1Error Error { get; }
}
