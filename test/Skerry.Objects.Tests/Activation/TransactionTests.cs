using Skerry.Objects.Tests.Hosting;
using Skerry.Storage.Sqlite;

namespace Skerry.Objects.Tests.Activation;

public sealed class TransactionTests(TestNode node) : IClassFixture<TestNode>
{
    [Fact]
    public async Task A_handlers_exception_keeps_its_type_and_the_writes_before_it()
    {
        await Assert.ThrowsAsync<KeyNotFoundException>(() => node.Do("throws", o =>
        {
            o.Insert();
            throw new KeyNotFoundException();
        }));
        await Assert.ThrowsAsync<KeyNotFoundException>(() => node.Do("throws", async o =>
        {
            await Task.Yield();
            o.Insert();
            throw new KeyNotFoundException();
        }));
        Assert.Equal(2, await node.Run("throws", o => o.Count));
        Assert.Equal(1, node.Scripts.For("throws").Begun);
    }

    [Fact]
    public async Task TransactionSync_rolls_back_what_threw_and_nests()
    {
        var count = await node.Run("sync", o =>
        {
            o.Insert();
            o.Storage.TransactionSync(() =>
            {
                o.Insert();
                try
                {
                    o.Storage.TransactionSync(() =>
                    {
                        o.Insert();
                        throw new InvalidOperationException();
                    });
                }
                catch (InvalidOperationException)
                {
                }
            });
            Assert.Throws<InvalidOperationException>(() => o.Storage.TransactionSync(() =>
            {
                o.Insert();
                throw new InvalidOperationException();
            }));
            return o.Count;
        });
        Assert.Equal(2, count);
        await node.Evict("sync");
        Assert.Equal(2, await node.Run("sync", o => o.Count));
    }

    [Fact]
    public async Task Transaction_rolls_back_what_threw_excludes_others_and_nests()
    {
        var inside = new TaskCompletionSource();
        var open = new TaskCompletionSource();
        await node.Run("async", o => o.Insert());
        var transaction = node.Do("async", o => o.Storage.Transaction(async () =>
        {
            o.Insert();
            await o.Storage.Transaction(async () =>
            {
                await Task.Yield();
                o.Insert();
            });
            await Assert.ThrowsAsync<ArgumentException>(() => o.Storage.Transaction(async () =>
            {
                o.Insert();
                await Task.Yield();
                throw new ArgumentException("inner");
            }));
            inside.SetResult();
            await open.Task;
            Assert.Equal(3, o.Count);
            throw new ArgumentException("outer");
        }));
        await inside.Task.WaitAsync(TestNode.Bound);
        var other = node.Run("async", o => o.Count);
        Assert.False(other.IsCompleted);
        open.SetResult();
        Assert.Equal("outer", (await Assert.ThrowsAsync<ArgumentException>(() => transaction.WaitAsync(TestNode.Bound))).Message);
        Assert.Equal(1, await other);
    }

    [Fact]
    public async Task A_call_out_of_a_transaction_that_has_written_is_refused_clearly()
    {
        var message = "";
        await node.Do("call-out", o => o.Storage.Transaction(async () =>
        {
            Assert.True(await node.Run("called", _ => true));
            o.Insert();
            message = (await Assert.ThrowsAsync<InvalidOperationException>(() => node.Run("called", _ => true))).Message;
        })).WaitAsync(TestNode.Bound);
        Assert.Contains("before it or after it", message, StringComparison.Ordinal);
        Assert.Equal(1, await node.Run("call-out", o => o.Count));
    }

    [Fact]
    public async Task DeleteAll_is_forbidden_in_transactions_deletes_the_alarm_and_can_be_undone()
    {
        node.Scripts.For("delete").Alarm = (_, _) => Task.CompletedTask;
        var bookmark = await node.Run("delete", o =>
        {
            o.Insert();
            o.Storage.SetAlarm(DateTimeOffset.UtcNow.AddHours(1));
            Assert.Throws<InvalidOperationException>(() => o.Storage.TransactionSync(() => o.Storage.DeleteAll()));
            return o.Storage.GetCurrentBookmark();
        });
        await Assert.ThrowsAsync<InvalidOperationException>(() => node.Do("delete", o => o.Storage.Transaction(() =>
        {
            o.Storage.DeleteAll();
            return Task.CompletedTask;
        })));
        await node.Run("delete", o => o.Storage.DeleteAll());
        Assert.False(await node.Run("delete", o => o.HasTable || o.Storage.GetAlarm() is not null));
        var aborted = await Assert.ThrowsAsync<DurableObjectException>(() => node.Do("delete", async o =>
        {
            await o.Storage.OnNextSessionRestoreBookmark(bookmark);
            o.Context.Abort();
        }));
        Assert.Equal("aborted", aborted.Code);
        Assert.Equal(1, await node.Run("delete", o => o.Count));
        Assert.True(await node.Run("delete", o => o.Storage.GetAlarm() is not null));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_deferred_violation_at_commit_resets_the_object(bool explicitly)
    {
        var name = $"deferred-{explicitly}";
        await node.Run(name, o =>
        {
            o.Insert();
            o.Sql.Exec("CREATE TABLE parent (id INTEGER PRIMARY KEY); CREATE TABLE child (p REFERENCES parent(id) DEFERRABLE INITIALLY DEFERRED)");
        });
        var error = await Assert.ThrowsAsync<DurableObjectException>(() => node.Do(name, async o =>
        {
            o.Memory.Add("lost");
            if (explicitly)
            {
                await o.Storage.Transaction(() =>
                {
                    o.Sql.Exec("INSERT INTO child VALUES (7)");
                    return Task.CompletedTask;
                });
            }
            else
            {
                o.Sql.Exec("INSERT INTO child VALUES (7)");
            }
        }).WaitAsync(TestNode.Bound));
        Assert.Equal("object_reset", error.Code);
        Assert.Contains("FOREIGN KEY", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, await node.Run(name, o => o.Memory.Count));
        Assert.Equal(1, await node.Run(name, o => o.Count));
    }

    [Fact]
    public async Task Abort_drops_what_the_event_wrote_and_tells_all_callers()
    {
        var outside = new TaskCompletionSource();
        await node.Run("abort", o => o.Insert());
        var waiting = node.Do("abort", _ => outside.Task);
        var error = await Assert.ThrowsAsync<DurableObjectException>(() => node.Run("abort", o =>
        {
            o.Insert();
            o.Memory.Add("lost");
            o.Context.Abort("because");
        }));
        Assert.Equal("aborted", error.Code);
        Assert.Contains("because", error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<DurableObjectException>(() => waiting.WaitAsync(TestNode.Bound));
        Assert.Equal(1, await node.Run("abort", o => o.Count + o.Memory.Count));
        outside.SetResult();
    }

    [Fact]
    public async Task A_statement_that_fails_leaves_the_object_and_its_other_writes()
    {
        var count = await node.Run("constraint", o =>
        {
            o.Insert();
            Assert.Throws<SqliteException>(() => o.Sql.Exec("INSERT INTO nowhere VALUES (1)"));
            return o.Count;
        });
        Assert.Equal(1, count);
    }
}
