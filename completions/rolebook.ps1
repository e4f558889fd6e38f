Register-ArgumentCompleter -Native -CommandName rolebook -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    # The words as they are written: nothing of the line is evaluated.
    $words = @($commandAst.CommandElements | Where-Object { $_.Extent.StartOffset -lt $cursorPosition } | ForEach-Object {
        if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value } else { $_.Extent.Text }
    })
    $index = $words.Count
    if ($wordToComplete -ne '') { $index -= 1 }

    $before = $env:ROLEBOOK_COMPLETE, $env:ROLEBOOK_COMPLETE_INDEX
    $env:ROLEBOOK_COMPLETE = 'powershell'
    $env:ROLEBOOK_COMPLETE_INDEX = "$index"
    try {
        $answers = & rolebook '--' @words 2>$null
    } finally {
        $env:ROLEBOOK_COMPLETE, $env:ROLEBOOK_COMPLETE_INDEX = $before
    }
    # What is typed, quoted by the program; what is shown; what it is.
    $answers | ForEach-Object {
        $parts = $_.Split("`t")
        [System.Management.Automation.CompletionResult]::new($parts[0], $parts[1], 'ParameterValue', $parts[2])
    }
}
