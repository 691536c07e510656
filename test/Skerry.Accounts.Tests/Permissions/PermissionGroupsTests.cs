using Skerry.Accounts.Permissions;

namespace Skerry.Accounts.Tests.Permissions;

public sealed class PermissionGroupsTests
{
    [Fact]
    public void Ids_names_and_permissions_are_unique_and_found()
    {
        Assert.All(PermissionGroups.All, one =>
        {
            Assert.Matches("^[0-9a-f]{32}$", one.Id);
            Assert.Same(one, Assert.Single(PermissionGroups.All, other => other.Id == one.Id));
            Assert.Same(one, Assert.Single(PermissionGroups.All, other => other.Name == one.Name));
            Assert.Same(one, Assert.Single(PermissionGroups.All, other => other.Permission == one.Permission));
            Assert.Same(one, PermissionGroups.Find(one.Id));
            Assert.Same(one, PermissionGroups.FindByName(one.Name));
            Assert.Same(one, PermissionGroups.FindFor(one.Permission));
            Assert.Equal(one.Name, one.Permission.ToString());
        });
        Assert.Null(PermissionGroups.Find(null));
        Assert.Null(PermissionGroups.Find("C1FDE68C7BCC44588CBB6DDBC16D6480"));
        Assert.Null(PermissionGroups.FindByName("d1 write"));
    }

    [Fact]
    public void Every_write_has_its_read_and_implies_it()
    {
        var writes = PermissionGroups.All.Where(one => one.Name.EndsWith(" Write", StringComparison.Ordinal)).ToList();
        Assert.Equal(9, writes.Count);
        Assert.All(writes, write =>
        {
            var read = PermissionGroups.FindByName(write.Name[..^" Write".Length] + " Read");
            Assert.NotNull(read);
            Assert.Equal(read.Scopes, write.Scopes);
            Assert.Equal(AccessLevel.Write, write.Permission.Access);
            Assert.Equal(write.Permission with { Access = AccessLevel.Read }, read.Permission);
            Assert.Contains(read.Permission, write.Implied);
            Assert.True(read.Allowed.IsSubsetOf(write.Allowed));
            Assert.True(write.Denied.IsSubsetOf(read.Denied));
            Assert.False(read.Allowed.Contains(write.Permission));
            Assert.False(write.Denied.Contains(read.Permission));
        });
    }

    [Fact]
    public void Names_say_the_access()
    {
        Assert.All(
            PermissionGroups.All.Where(one => one.Name != "Create Additional Tokens"),
            one => Assert.EndsWith(" " + one.Permission.Access, one.Name, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("c1fde68c7bcc44588cbb6ddbc16d6480", "Account Settings Read")]
    [InlineData("f7f0eda5697f475c90846e879bab8666", "Workers KV Storage Write")]
    [InlineData("e086da7e2179491d91ee5f35b3ca210a", "Workers Scripts Write")]
    [InlineData("366f57075ffc42689627bcf8242a1b6d", "Queues Write")]
    [InlineData("09b2857d1c31407795e75e3fed8617a1", "D1 Write")]
    [InlineData("686d18d5ac6c441c867cbf6771e58a0a", "API Tokens Write")]
    public void Ids_are_those_of_the_public_api(string id, string name) => Assert.Equal(name, PermissionGroups.Find(id)?.Name);

    [Fact]
    public void The_id_of_a_group_of_our_own_stays()
    {
        var group = PermissionGroups.FindByName("Create Additional Tokens")!;
        Assert.Equal("398277f54ea9dfe20b0512395fe2cff3", group.Id);
        Assert.Equal([PermissionGroups.AccountScope, PermissionGroups.UserScope], group.Scopes);
    }

    [Fact]
    public void Scopes_part_the_table()
    {
        Assert.Equal(15, PermissionGroups.OfScope(PermissionGroups.AccountScope).Count());
        Assert.Equal(7, PermissionGroups.OfScope(PermissionGroups.UserScope).Count());
        Assert.Empty(PermissionGroups.OfScope("com.cloudflare.api.account.zone"));
    }

    [Fact]
    public void Every_product_fits_a_set_of_permissions() =>
        Assert.All(Enum.GetValues<Product>(), product =>
        {
            Assert.InRange((int)product, 0, 31);
            var read = PermissionSet.Of(new(product, AccessLevel.Read));
            var write = PermissionSet.Of(new(product, AccessLevel.Write));
            Assert.True((read & write).IsEmpty);
            Assert.True((read | write).Contains(new(product, AccessLevel.Write)));
            Assert.Equal(read, (read | write) - write);
        });
}
