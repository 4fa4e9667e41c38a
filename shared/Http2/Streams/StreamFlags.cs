namespace Ambient.Http2;

[Flags]
internal enum StreamFlags : ushort
{
    None = 0,
    LocalEnded = 1,
    RemoteEnded = 2,
    Closed = 4,
    ResetByPeer = 8,
    Connect = 16,         // the request was a plain CONNECT
    Head = 32,            // the request was HEAD: its response has no content, whatever content-length says
    FinalReceived = 64,   // the request (server) or the final response (client) has arrived: next are trailers
    Answered = 128,       // server: we have sent the final response's headers
    Blocked = 256,        // Sendable said 0
    Waiting = 512,        // blocked by the connection's window alone: linked in WaitingStreams
}
