namespace Ambient.HttpProxy.Downstreams;

/// <summary>A client's connection once it is known what is spoken on it. On its loop only.</summary>
internal interface IClientConnection
{
    /// <summary>Serves until it ends; never fails.</summary>
    /// <param name="draining">As if <see cref="BeginDrain"/> had been called.</param>
    Task ServeAsync(bool draining);

    /// <summary>Ends once what is under way is done.</summary>
    void BeginDrain();

    /// <summary>The time for that is over: what is under way is answered or told so where it can be, and ended now where not.</summary>
    void Expire();

    void Abort();
}
