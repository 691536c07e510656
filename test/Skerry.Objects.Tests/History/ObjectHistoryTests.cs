using Microsoft.AspNetCore.Http;
using Skerry.Objects.History;
using Skerry.Objects.Tests.Hosting;

namespace Skerry.Objects.Tests.History;

public sealed class ObjectHistoryTests
{
    [Fact]
    public async Task A_restore_goes_through_although_the_object_cannot_be_had_for_a_moment()
    {
        await using var node = await TestNode.StartAsync();
        var (history, id, then) = await PrepareAsync(node);
        var starts = 0;
        node.Scripts.For("o").Constructor = _ =>
        {
            if (Interlocked.Increment(ref starts) <= 2)
            {
                throw new DurableObjectException("unavailable", "not yet") { Retryable = true };
            }
        };

        var restored = await history.RestoreAsync(id, PointInTime.At(then));
        Assert.Equal(3, starts);
        Assert.Equal(then, restored.From);
        Assert.Equal(1, await CountAsync(node));
        await history.RestoreAsync(id, PointInTime.At(restored.Undo));
        Assert.Equal(2, await CountAsync(node));
    }

    [Fact]
    public async Task A_restore_of_which_nothing_is_known_says_so_and_can_be_repeated()
    {
        await using var node = await TestNode.StartAsync();
        var (history, id, then) = await PrepareAsync(node);
        history.Patience = TimeSpan.Zero;
        node.Scripts.For("o").Constructor = static _ => throw new DurableObjectException("unavailable", "not yet") { Retryable = true };

        var unsure = await Assert.ThrowsAsync<DurableObjectException>(() => history.RestoreAsync(id, PointInTime.At(then)));
        Assert.True(unsure.Retryable);
        Assert.Contains($"not known whether it has been restored to {then}", unsure.Message, StringComparison.Ordinal);
        Assert.Contains("history", unsure.Message, StringComparison.Ordinal);

        node.Scripts.For("o").Constructor = null;
        await history.RestoreAsync(id, PointInTime.At(then));
        Assert.Equal(1, await CountAsync(node));
    }

    [Fact]
    public async Task More_exports_than_a_node_has_places_for_are_refused_until_one_has_ended()
    {
        await using var node = await TestNode.StartAsync();
        var (history, id, _) = await PrepareAsync(node);
        var places = Enumerable.Range(0, Exports.AtOnceMax).Select(_ => node.Runtime.Exports.Begin()).ToList();
        var refused = await Assert.ThrowsAsync<DurableObjectException>(() => history.ExportAsync(id, null, new DefaultHttpContext()));
        Assert.True(refused is { Code: "overloaded", Retryable: true, Overloaded: true });
        places[0].Dispose();
        await history.ExportAsync(id, null, new DefaultHttpContext());
        places.ForEach(static place => place.Dispose());
    }

    [Fact]
    public async Task What_a_killed_process_has_left_of_an_export_is_gone_at_the_next_start()
    {
        var folder = Directory.CreateTempSubdirectory("skerry-exports-").FullName;
        try
        {
            string left;
            await using (var node = await TestNode.StartAsync(folder: folder))
            {
                left = node.Runtime.Exports.Begin().Path;
                await File.WriteAllTextAsync(left, "part of a database", TestContext.Current.CancellationToken);
            }

            await using var next = await TestNode.StartAsync(folder: folder);
            Assert.False(File.Exists(left));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<(ObjectHistory History, DurableObjectId Id, string Then)> PrepareAsync(TestNode node)
    {
        var history = new ObjectHistory(node.Runtime);
        var id = node.Objects.IdFromName("o");
        await node.Run("o", static o => Insert(o));
        var then = (await history.ListAsync(id, null, 1)).Current;
        await node.Run("o", static o => Insert(o));
        return (history, id, then);
    }

    private static bool Insert(Scripted o)
    {
        o.Insert();
        return true;
    }

    private static Task<int> CountAsync(TestNode node) => node.Run("o", static o => o.Count);
}
