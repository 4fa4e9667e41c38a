namespace Ambient.HttpProxy.Exchanges;

/// <summary>What becomes of the client's side.</summary>
internal enum ExchangeEnd : byte
{
    /// <summary>An answer was sent whole.</summary>
    Complete,

    /// <summary>The client must see that what it got is not whole.</summary>
    Abort,

    /// <summary>Both streams speak another protocol now: <see cref="Exchange.Upgraded"/>.</summary>
    Upgraded,
}
