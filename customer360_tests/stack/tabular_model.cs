// Reads a TMDL folder with the library that Power BI's own tools read it with, and writes what it understood.
using System;
using Microsoft.AnalysisServices.Tabular;

static class TabularModel
{
    static int Main(string[] folders)
    {
        try
        {
            var database = TmdlSerializer.DeserializeDatabaseFromFolder(folders[0]);
            foreach (var error in database.Model.Validate().Errors)
                Console.WriteLine("error: " + error.Message);
            TmdlSerializer.SerializeDatabaseToFolder(database, folders[1]);
            return 0;
        }
        catch (Exception error)
        {
            Console.WriteLine("refused: " + error.Message);
            return 1;
        }
    }
}
