Console.WriteLine("skerry");
