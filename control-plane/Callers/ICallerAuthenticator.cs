using System.Net;
using System.Security.Cryptography.X509Certificates;
using Ambient.Grpc;

namespace Ambient.ControlPlane.Callers;

/// <summary>Finds out who makes a call.</summary>
internal interface ICallerAuthenticator
{
    /// <param name="metadata">Of the call: <c>authorization</c> and <c>clusterid</c> are read.</param>
    /// <param name="certificate">What the caller has shown and TLS has verified; null if it has shown none.</param>
    /// <param name="peer">Where the call comes from; null where the transport has no addresses.</param>
    /// <exception cref="RpcException">Unauthenticated, with the reason; Unavailable if it could not be found out; ResourceExhausted if this
    /// peer asks for too much at once.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> fired.</exception>
    ValueTask<Caller> AuthenticateAsync(GrpcMetadata metadata, X509Certificate2? certificate, IPAddress? peer, CancellationToken stop);
}
