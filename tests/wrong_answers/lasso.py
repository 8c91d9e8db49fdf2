"""{exercise: [(answers, what the line that helps must say)]}, five typical wrong answers or more each."""

WRONG = {}
