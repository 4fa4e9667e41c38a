namespace Ambient.Http2;

/// <summary>Which end of the connection this is: clients open streams, servers answer them (server push is never used).</summary>
public enum Http2Role : byte
{
    Client,
    Server,
}
