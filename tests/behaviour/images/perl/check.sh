once
