namespace Ambient.HttpProxy.Exchanges;

/// <summary>What becomes of the client's connection.</summary>
internal enum ExchangeEnd : byte
{
    /// <summary>Another request may follow.</summary>
    KeepAlive,

    /// <summary>An answer was sent whole, and nothing may follow it.</summary>
    Close,

    /// <summary>The client must see that what it got is not whole.</summary>
    Abort,

    /// <summary>Both streams speak another protocol now: <see cref="Exchange.Upgraded"/>.</summary>
    Upgraded,
}
