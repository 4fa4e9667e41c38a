using System.Net.Sockets;
using Ambient.Linux.Sockets;
using Ambient.TestKit;

namespace Ambient.Linux.Tests;

public class DescriptorTests
{
    [Fact]
    public void Disposing_closes()
    {
        var before = OpenDescriptors.Count();
        var signal = new EventFd();
        Assert.Equal(before + 1, OpenDescriptors.Count());

        signal.Dispose();
        signal.Dispose();

        Assert.Equal(before, OpenDescriptors.Count());
    }

    [Fact]
    public void A_duplicate_outlives_the_original_and_is_closed_on_exec()
    {
        var socket = TcpSockets.Create(AddressFamily.InterNetwork);
        using var duplicate = socket.Duplicate();
        socket.Dispose();

        Assert.True(DescriptorFlags.IsCloseOnExec(duplicate));
    }

    [Fact]
    public void A_released_descriptor_is_the_callers_to_close()
    {
        var original = TcpSockets.Create(AddressFamily.InterNetwork);

        using var taken = new Descriptor(original.Release());
        original.Dispose();

        Assert.True(DescriptorFlags.IsCloseOnExec(taken));
    }

    [Fact]
    public void An_error_says_the_call_the_reason_and_what_to_check()
    {
        var error = new LinuxException("bind([::]:15008)", Errno.AddressInUse);

        Assert.Equal(Errno.AddressInUse, error.Errno);
        Assert.StartsWith("bind([::]:15008) failed: Address already in use (errno 98).", error.Message, StringComparison.Ordinal);
        Assert.Contains("is another instance running", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_soft_limit_of_open_files_is_raised_to_the_hard_limit()
    {
        var (soft, hard) = Limits.RaiseOpenFiles();

        Assert.Equal(hard, soft);
        Assert.Contains(soft.ToString(System.Globalization.CultureInfo.InvariantCulture),
            File.ReadLines("/proc/self/limits").First(line => line.StartsWith("Max open files", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_last_eighth_of_the_descriptors_is_a_reserve()
    {
        var reserve = DescriptorReserve.OfProcess();
        var first = Limits.OpenFiles().Soft * 7 / 8;

        Assert.False(Holds(first - 2)); // the limit may not divide by eight
        Assert.True(Holds(first + 2));

        bool Holds(ulong number)
        {
            var descriptor = new Descriptor((int)number);
            var holds = reserve.Holds(descriptor);
            descriptor.Release(); // it was never open
            return holds;
        }
    }
}
