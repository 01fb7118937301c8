once 2>&1
once check 2>&1
once report /app/data/none.csv 2>&1 || echo "ended $?"
