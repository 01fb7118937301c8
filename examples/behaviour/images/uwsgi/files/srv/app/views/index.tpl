<p>Hello, {{name}}, {{setting}}</p>
% for i in range(3):
<i>{{i}}</i>
% end
