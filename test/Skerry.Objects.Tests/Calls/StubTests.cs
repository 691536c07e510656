using Skerry.Objects.Tests.Hosting;

namespace Skerry.Objects.Tests.Calls;

public sealed class StubTests(TestNode node) : IClassFixture<TestNode>
{
    [Fact]
    public async Task Name_and_id_lead_to_the_same_object()
    {
        await node.Run("same", o => o.Memory.Add("x"));
        var id = node.Objects.IdFromName("same");
        var stub = node.Objects.Get(node.Objects.IdFromString(id.ToString()));
        Assert.Equal(1, await stub.Run(Script.Keep(o => Task.FromResult<object?>(o.Memory.Count))));
        Assert.Equal(id.ToString(), stub.GetId().ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("abc")]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    [InlineData("zz23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    public void Malformed_and_foreign_ids_are_refused(string id) =>
        Assert.ThrowsAny<ArgumentException>(() => node.Objects.IdFromString(id));

    [Fact]
    public async Task Over_http_a_bad_id_is_400_and_an_unknown_namespace_404()
    {
        Assert.Equal(400, (int)(await node.Http.GetAsync("/objects/scripted/id:abc/")).StatusCode);
        Assert.Equal(404, (int)(await node.Http.GetAsync("/objects/nobody/x/")).StatusCode);
    }

    [Fact]
    public async Task Arguments_and_results_are_copies()
    {
        var stub = node.Objects.GetByName("copies");
        List<int> list = [1];
        using var cancel = new CancellationTokenSource();
        var answer = await stub.Echo(list, cancel.Token);
        list.Add(2);
        answer.Add(3);
        Assert.Equal([1], await node.Run("copies", o => o.Kept!));
    }

    [Fact]
    public async Task Types_without_a_serializer_are_copied_and_immutable_records_shared()
    {
        var stub = node.Objects.GetByName("types");
        var plain = new Plain { Name = "a", Numbers = [1, 2] };
        var copy = await stub.Same(plain);
        Assert.NotSame(plain, copy);
        Assert.Equal((plain.Name, 2), (copy.Name, copy.Numbers.Count));
        var value = new Sealed("b", 3);
        Assert.Same(value, await stub.Share(value));
    }
}
