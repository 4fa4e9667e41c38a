using System.Globalization;
using System.Net;
using Ambient.ControlPlane.Leadership;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Tests.Leadership;

/// <summary>Leases with the API's rule about versions. Answers at once, on the caller's thread.</summary>
internal sealed class LeasesInMemory
{
    private Lease? _lease;
    private int _version;

    public LeaseSpec? Spec => _lease?.Spec;

    public void Delete() => _lease = null;

    /// <summary>The way of one candidate to the leases, which can be cut.</summary>
    public sealed class Way(LeasesInMemory leases) : ILeases
    {
        public bool IsCut { get; set; }

        /// <summary>Requests get no answer, neither good nor bad.</summary>
        public bool IsSilent { get; set; }

        public int Requests { get; private set; }

        public Task<Lease?> FindAsync(ObjectName name, CancellationToken stop) => AnswerAsync(() => leases._lease, stop);

        public Task<Lease> CreateAsync(Lease lease, CancellationToken stop) => AnswerAsync(() =>
            leases._lease is null ? leases.Store(lease) : throw new ApiException(HttpStatusCode.Conflict, "AlreadyExists", "exists"), stop);

        public Task<Lease> ReplaceAsync(Lease lease, CancellationToken stop) => AnswerAsync(() =>
        {
            if (leases._lease is null) throw new ApiException(HttpStatusCode.NotFound, "NotFound", "gone");
            if (leases._lease.Metadata.ResourceVersion != lease.Metadata.ResourceVersion)
                throw new ApiException(HttpStatusCode.Conflict, "Conflict", "changed meanwhile");
            return leases.Store(lease);
        }, stop);

        private async Task<R> AnswerAsync<R>(Func<R> answer, CancellationToken stop)
        {
            Requests++;
            if (IsSilent)
            {
                await stop.WhenFiredAsync();
                stop.ThrowIfCancellationRequested();
            }

            if (IsCut) throw new ApiException(0, ApiException.Unreachable, "cut");
            return answer();
        }
    }

    private Lease Store(Lease lease) =>
        _lease = lease with { Metadata = lease.Metadata with { ResourceVersion = (++_version).ToString(CultureInfo.InvariantCulture) } };
}
