using Ambient.ControlPlane.Allocation;
using Ambient.Kubernetes.Resources;
using static Ambient.ControlPlane.Tests.Allocation.Entries;

namespace Ambient.ControlPlane.Tests.Allocation;

/// <summary>Addresses of our range that objects name themselves.</summary>
public sealed class ChosenAddressTests
{
    private const string Address = "240.240.7.7";

    [Fact]
    public void An_address_that_an_object_names_itself_is_given_to_no_other()
    {
        var (book, robbed) = (new AddressBook(), new List<ObjectName>());
        var (chosen, name) = (Entry("chosen", "chosen.example.com", age: 0), new ObjectName("n", "a"));
        Give(book, Entry("a", "a.example.com", age: 5));
        var first = book.Of(name).Select(static one => one.Address).ToList();
        chosen = chosen with { Spec = chosen.Spec! with { Addresses = [.. first.Select(static one => one.ToString()), "10.0.0.1", "240.240.0.0/24"] } };

        book.Give(chosen, HostsOf(chosen), robbed);
        Assert.Equal(name, Assert.Single(robbed.Distinct()));
        Assert.Empty(book.Of(new("n", "chosen")));
        Give(book, Entry("a", "a.example.com", age: 5));
        Assert.Equal(2, book.Of(name).Count);
        Assert.Empty(book.Of(name).Select(static one => one.Address).Intersect(first));

        book.Remove(new("n", "chosen"));
        Give(book, Entry("b", "b.example.com") with { Status = Says(("b.example.com", first[0].ToString())) });
        Assert.Contains(first[0], book.Of(new("n", "b")).Select(static one => one.Address));
    }

    [Fact]
    public void Who_names_the_address_that_he_was_given_keeps_it()
    {
        var (book, entry) = (new AddressBook(), Entry("a", "a.example.com"));
        Give(book, entry);
        var given = book.Of(new("n", "a")).Select(static one => one.Address.ToString()).ToList();

        Give(book, entry with { Spec = entry.Spec! with { Addresses = given } });
        Give(book, Entry("b", "b.example.com") with { Status = Says(("b.example.com", given[0])) });

        Assert.DoesNotContain(given[0], book.Of(new("n", "b")).Select(static one => one.Address.ToString()));
    }

    [Fact]
    public void Who_no_longer_names_an_address_that_his_status_still_says_keeps_it()
    {
        var book = new AddressBook();
        var said = Entry("a", "a.example.com") with { Status = Says(("a.example.com", Address)) };

        Give(book, Naming(said));
        Give(book, said);
        Give(book, Entry("b", "b.example.com") with { Status = Says(("b.example.com", Address)) });

        Assert.Contains(Address, AddressesOf(book, "a"));
        Assert.DoesNotContain(Address, AddressesOf(book, "b"));
    }

    [Fact]
    public void An_address_that_two_objects_name_is_given_to_no_other_when_one_of_them_goes()
    {
        var book = new AddressBook();
        Give(book, Naming(Entry("old", "db.example.com", age: 2)));
        Give(book, Naming(Entry("new", "db.example.com", age: 1)));

        book.Remove(new("n", "old"));
        Give(book, Entry("b", "b.example.com") with { Status = Says(("b.example.com", Address)) });

        Assert.DoesNotContain(Address, AddressesOf(book, "b"));
    }

    private static ServiceEntry Naming(ServiceEntry entry) => entry with { Spec = entry.Spec! with { Addresses = [Address] } };

    private static IEnumerable<string> AddressesOf(AddressBook book, string name) => book.Of(new("n", name)).Select(static one => one.Address.ToString());
}
