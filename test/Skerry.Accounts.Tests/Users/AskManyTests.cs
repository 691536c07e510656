using Skerry.Accounts.Users;

namespace Skerry.Accounts.Tests.Users;

public sealed class AskManyTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(AskMany.AtOnceMax)]
    [InlineData(AskMany.AtOnceMax + 1)]
    [InlineData(600)]
    public async Task Few_are_asked_at_once_and_all_answer_in_order(int count)
    {
        Queue<(int Asked, TaskCompletionSource<string> Answer)> asked = [];
        var answers = AskMany.InTurnAsync([.. Enumerable.Range(0, count)], one =>
        {
            asked.Enqueue((one, new()));
            return asked.Last().Answer.Task;
        });
        for (var i = 0; i < count; i++)
        {
            Assert.Equal(Math.Min(AskMany.AtOnceMax, count - i), asked.Count);
            var (one, answer) = asked.Dequeue();
            answer.SetResult($"{one}");
        }

        Assert.Equal(Enumerable.Range(0, count).Select(static i => $"{i}"), await answers);
    }
}
