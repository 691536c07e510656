using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using Skerry.Objects.Tests.Hosting;

namespace Skerry.Objects.Tests.Calls;

/// <summary>What another node sends makes no types but those that this application's interfaces declare.</summary>
public sealed class DeclaredTypesTests(TestNode node) : IClassFixture<TestNode>
{
    private static int s_made;

    [Fact]
    public void A_type_that_only_the_sender_names_is_not_made()
    {
        using var anything = new ServiceCollection().AddSerializer(static s => s.AddJsonSerializer(static _ => true)).BuildServiceProvider();
        var sent = anything.GetRequiredService<Serializer>().SerializeToArray<object?[]>([new Undeclared()]);
        var before = s_made;
        Assert.ThrowsAny<Exception>(() => node.Runtime.Serializer.Deserialize<object?[]>(sent));
        Assert.Equal(before, s_made);
    }

    [Fact]
    public void Declared_types_and_what_they_are_made_of_arrive()
    {
        var sent = node.Runtime.Serializer.SerializeToArray<object?[]>([new Plain { Name = "a", Numbers = [1, 2] }, new Sealed("b", 3), new List<int> { 4 }]);
        var arrived = node.Runtime.Serializer.Deserialize<object?[]>(sent)!;
        Assert.Equal([1, 2], Assert.IsType<Plain>(arrived[0]).Numbers);
        Assert.Equal(new Sealed("b", 3), arrived[1]);
        Assert.Equal([4], Assert.IsType<List<int>>(arrived[2]));
    }

    public sealed class Undeclared
    {
        public Undeclared() => Interlocked.Increment(ref s_made);

        public string Name { get; set; } = "x";
    }
}
